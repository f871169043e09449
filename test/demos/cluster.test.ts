import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { conclude as concludeSpread, summarize } from '../../src/demos/cluster/distribution.ts';
import { conclude as concludeWorkers, type Seen } from '../../src/demos/cluster/workers.ts';
import { reachable } from '../../src/demos/work/management.ts';
import { createTestApp } from '../support/app.ts';
import { Program, until } from '../support/program.ts';

interface Spread {
  readonly timeline: readonly unknown[];
  readonly moreSpans?: number;
  readonly result: {
    readonly requests: number;
    readonly connections: number;
    readonly refused: number;
    readonly workers: readonly { readonly pid: number; readonly answers: number }[];
  };
}

interface Workers {
  readonly ranOn: { readonly pid: number };
  readonly result: {
    readonly source: string;
    readonly primaryPid: number;
    readonly workers: readonly { readonly pid: number; readonly state: string; readonly thisOne: boolean }[];
  };
  readonly lesson: string;
}

describe('cluster, with two workers', () => {
  let program: Program;
  beforeAll(async () => {
    program = await Program.start({ WORKERS: '2' });
    await program.readyWorkers(2);
  });
  afterAll(async () => {
    await program[Symbol.asyncDispose]();
  });

  test('workers lists both, though the management port was chosen by the system', async () => {
    const response = await program.get('/demos/cluster/workers');
    const { ranOn, result } = (await response.json()) as Workers;

    expect(result.source).toBe('the management port');
    expect(result.primaryPid).toBe(program.pid);
    expect(result.workers.map(({ state }) => state)).toEqual(['ready', 'ready']);
    expect(result.workers.filter(({ thisOne }) => thisOne).map(({ pid }) => pid)).toEqual([ranOn.pid]);
  });

  test('fresh connections are spread over both; a kept one stays with one worker', async () => {
    const ask = async (connections: string): Promise<Spread> => {
      const response = await program.get(
        `/demos/cluster/distribution?requests=40&connections=${connections}`,
      );
      return (await response.json()) as Spread;
    };
    // While the machine gives one worker no core, the other takes all.
    const fresh = await until('connections to both', async () => {
      const { result } = await ask('fresh');
      return result.workers.length === 2 && result.refused === 0 ? result : undefined;
    });
    const { result: kept, timeline, moreSpans } = await ask('kept');

    expect(fresh).toMatchObject({ requests: 40, connections: 40, refused: 0 });
    expect(Math.min(...fresh.workers.map(({ answers }) => answers))).toBeGreaterThan(0);
    expect(kept).toMatchObject({ requests: 40, connections: 1, refused: 0 });
    expect(kept.workers.map(({ answers }) => answers)).toEqual([40]);
    expect(timeline.length + (moreSpans ?? 0)).toBe(40);
  });
});

describe('cluster, without one', () => {
  test('workers shows the one process there is', async () => {
    await using program = await Program.start({ WORKERS: '0' });

    const { result, lesson } = (await (await program.get('/demos/cluster/workers')).json()) as Workers;

    expect(result.workers).toMatchObject([{ pid: program.pid, state: 'ready', thisOne: true }]);
    expect(lesson).toContain('There is no cluster');
  });

  test('an app without a process around it tells of itself', async () => {
    await using service = await createTestApp();

    const workers = await service.client.get('/demos/cluster/workers').expect(200);
    const spread = await service.client.get('/demos/cluster/distribution?requests=5').expect(200);

    expect((workers.body as Workers).result.source).toBe('this process itself');
    expect((spread.body as Spread).result.workers).toEqual([{ worker: 0, pid: process.pid, answers: 5 }]);
  });
});

test('an address that stands for all of a machine is asked over loopback', () => {
  expect(reachable('http://0.0.0.0:3001')).toBe('http://127.0.0.1:3001');
  expect(reachable('http://[::]:3001')).toBe('http://[::1]:3001');
  expect(reachable('http://10.0.0.1:3001')).toBe('http://10.0.0.1:3001');
});

test('what was refused is counted, but not as an answer', () => {
  const seen = { asked: 4, connections: 4, refused: 1 };
  const visits = [
    { worker: 2, pid: 20 },
    { worker: 1, pid: 10 },
    { worker: 2, pid: 20 },
  ];

  expect(summarize(visits, seen)).toEqual({
    requests: 4,
    connections: 4,
    refused: 1,
    workers: [
      { worker: 1, pid: 10, answers: 1 },
      { worker: 2, pid: 20, answers: 2 },
    ],
    largestShare: 0.667,
  });
});

describe('the lessons of cluster', () => {
  test('speak of one request as of one, and of all only where none was lost', () => {
    const lesson = (answers: number, refused: number) =>
      concludeSpread(
        summarize(
          Array.from({ length: answers }, () => ({ worker: 7, pid: 70 })),
          { asked: answers + refused, connections: 1, refused },
        ),
        'kept',
        true,
      );

    expect(lesson(1, 0)).toContain('1 request over 1 connection was answered by worker 7');
    expect(lesson(3, 0)).toContain('3 requests over 1 connection were all answered by worker 7');
    expect(lesson(2, 1)).toContain('3 requests over 1 connection were answered by worker 7');
  });

  test('say how many replacements fell on one place, where there were several', () => {
    const seen = (...restarts: readonly number[]): Seen => ({
      source: 'the management port',
      primaryPid: 1,
      clustered: true,
      ready: restarts.length,
      replaced: restarts.reduce((sum, each) => sum + each, 0),
      workers: restarts.map((each, slot) => ({
        worker: slot,
        pid: slot,
        slot,
        state: 'ready',
        ageS: 1,
        restarts: each,
        requests: 0,
        heapUsedBytes: 0,
        thisOne: slot === 0,
      })),
      latestEvents: [],
    });

    expect(concludeWorkers(seen(0, 0))).toContain('none was ever replaced');
    expect(concludeWorkers(seen(1, 0))).toContain('; 1 replacement so far;');
    expect(concludeWorkers(seen(3, 3))).toContain(
      '6 replacements so far, at most 3 of them in the same place',
    );
  });
});
