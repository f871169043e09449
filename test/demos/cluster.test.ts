import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { conclude as concludeDistribution, summarize } from '../../src/demos/cluster/distribution.ts';
import { conclude as concludeGain, type Result as Gain } from '../../src/demos/cluster/gain.ts';
import { concludeReload, summarizeReloads } from '../../src/demos/cluster/reload.ts';
import { conclude as concludeWorkers, type Workers } from '../../src/demos/cluster/workers.ts';
import type { Lesson } from '../../src/demos/kit/demo.ts';
import { createTestApp } from '../support/app.ts';
import { Program, until } from '../support/program.ts';

interface DistributionBody {
  readonly timeline: readonly unknown[];
  readonly moreSpans?: number;
  readonly result: {
    readonly requests: number;
    readonly connections: number;
    readonly refused: number;
    readonly workers: readonly { readonly pid: number; readonly responses: number }[];
  };
}

interface WorkersBody {
  readonly ranOn: { readonly pid: number };
  readonly result: {
    readonly source: string;
    readonly primaryPid: number;
    readonly workers: readonly { readonly pid: number; readonly state: string; readonly thisOne: boolean }[];
  };
  readonly lesson: { readonly text: string };
}

describe('the cluster demo with two workers', () => {
  let program: Program;
  beforeAll(async () => {
    program = await Program.start({ WORKERS: '2' });
    await program.readyWorkers(2);
  });
  afterAll(async () => {
    await program[Symbol.asyncDispose]();
  });

  test('lists both workers although the system chose the management port', async () => {
    const response = await program.get('/demos/cluster/workers');
    const { ranOn, result } = (await response.json()) as WorkersBody;

    expect(result.source).toBe('the management port');
    expect(result.primaryPid).toBe(program.pid);
    expect(result.workers.map(({ state }) => state)).toEqual(['ready', 'ready']);
    expect(result.workers.filter(({ thisOne }) => thisOne).map(({ pid }) => pid)).toEqual([ranOn.pid]);
  });

  test('distributes new connections over both workers and keeps a kept-alive one on one', async () => {
    const ask = async (connections: string): Promise<DistributionBody> => {
      const response = await program.get(
        `/demos/cluster/distribution?requests=40&connections=${connections}`,
      );
      return (await response.json()) as DistributionBody;
    };
    // A worker that gets no CPU leaves all connections to the other.
    const fresh = await until('connections to both', async () => {
      const { result } = await ask('fresh');
      return result.workers.length === 2 && result.refused === 0 ? result : undefined;
    });
    const { result: kept, timeline, moreSpans } = await ask('kept');

    expect(fresh).toMatchObject({ requests: 40, connections: 40, refused: 0 });
    expect(Math.min(...fresh.workers.map(({ responses }) => responses))).toBeGreaterThan(0);
    expect(kept).toMatchObject({ requests: 40, connections: 1, refused: 0 });
    expect(kept.workers.map(({ responses }) => responses)).toEqual([40]);
    expect(timeline.length + (moreSpans ?? 0)).toBe(40);
  });

  test('reports the signal that ended a worker', async () => {
    const body = (await (await program.get('/demos/cluster/workers')).json()) as WorkersBody;
    const victim = body.result.workers.find(({ pid }) => pid !== body.ranOn.pid)?.pid ?? 0;
    process.kill(victim, 'SIGKILL');

    const crashed = await until('the crash among the events', async () => {
      const response = await program.get('/demos/cluster/workers?as=json');
      const { result } = (await response.json()) as { result: Workers };
      return result.latestEvents.find(({ event, workerPid }) => event === 'crashed' && workerPid === victim);
    });
    expect(crashed).toMatchObject({ signal: 'SIGKILL', code: null });
  });

  test('replaces every worker after it has responded', async () => {
    const before = await program.readyWorkers(2);

    const response = await program.get('/demos/cluster/reload', { method: 'POST' });

    const { result } = (await response.json()) as { result: { ready: number } };
    expect(result.ready).toBe(2);
    await program.logged('reload-finished', { replaced: 2 });
    const newest = Math.max(...before.map(({ id }) => id));
    const after = await program.readyWorkers(2);
    expect(after.every(({ id }) => id > newest)).toBe(true);
  });
});

test('the cluster demo sends the token of the management port', async () => {
  await using program = await Program.start({ WORKERS: '1', MANAGEMENT_TOKEN: 'a-token-for-this-test' });
  expect((await program.get('/demos/cluster/reload', { method: 'POST' })).status).toBe(200);
  await program.logged('reload-finished', { replaced: 1 });
});

describe('the cluster demo without a cluster', () => {
  test('lists the only process', async () => {
    await using program = await Program.start({ WORKERS: '0' });

    const { result, lesson } = (await (await program.get('/demos/cluster/workers')).json()) as WorkersBody;

    expect(result.workers).toMatchObject([{ pid: program.pid, state: 'ready', thisOne: true }]);
    expect(lesson.text).toContain('There is no cluster');
    const reload = await program.get('/demos/cluster/reload', { method: 'POST' });
    expect(reload.status).toBe(409);
  });

  test('describes the current process if there is no management port', async () => {
    await using service = await createTestApp();

    const workers = await service.client.get('/demos/cluster/workers').expect(200);
    const distribution = await service.client.get('/demos/cluster/distribution?requests=5').expect(200);

    expect((workers.body as WorkersBody).result.source).toBe('this process itself');
    expect((distribution.body as DistributionBody).result.workers).toEqual([
      { worker: 0, pid: process.pid, responses: 5 },
    ]);
  });
});

test('counts a refused request, but not as a response', () => {
  const counts = { requests: 4, connections: 4, refused: 1 };
  const responders = [
    { worker: 2, pid: 20 },
    { worker: 1, pid: 10 },
    { worker: 2, pid: 20 },
  ];

  expect(summarize(responders, counts)).toEqual({
    requests: 4,
    connections: 4,
    refused: 1,
    workers: [
      { worker: 1, pid: 10, responses: 1 },
      { worker: 2, pid: 20, responses: 2 },
    ],
    largestShare: 0.667,
  });
});

describe('the lessons of the cluster demo', () => {
  test('name the last reload and the last start of a worker, if there were any', () => {
    const at = new Date(0).toISOString();
    const view = (events: Parameters<typeof summarizeReloads>[0]['events']) =>
      summarizeReloads({ primary: { pid: 1, uptimeS: 1, ready: true }, workers: [], events });
    const finished = view([
      { at, event: 'ready', afterMs: 400 },
      { at, event: 'reload-finished', replaced: 2, durationMs: 900 },
    ]);

    expect(concludeReload({ ...view([]), watch: [] }).text).toContain('No reload has finished yet.');
    expect(concludeReload({ ...finished, watch: [] }).text).toContain(
      'The last start of a worker took 400 ms. The last reload replaced 2 workers in 900 ms.',
    );
  });

  test('use the singular for one request, and "all" only if none was refused', () => {
    const lesson = (responses: number, refused: number) =>
      concludeDistribution(
        summarize(
          Array.from({ length: responses }, () => ({ worker: 7, pid: 70 })),
          { requests: responses + refused, connections: 1, refused },
        ),
        'kept',
        true,
      ).text;

    expect(lesson(1, 0)).toContain('1 request over 1 connection was served by worker 7');
    expect(lesson(3, 0)).toContain('3 requests over 1 connection were all served by worker 7');
    expect(lesson(2, 1)).toContain('3 requests over 1 connection were served by worker 7');
  });

  test('name the share of the busiest worker and what an even share would be', () => {
    const responders = Array.from({ length: 40 }, (_, index) => ({
      worker: index < 37 ? 1 : 2,
      pid: index < 37 ? 10 : 20,
    }));
    const { text } = concludeDistribution(
      summarize(responders, { requests: 40, connections: 40, refused: 0 }),
      'fresh',
      true,
    );

    expect(text).toMatch(/^The busiest worker served 93% of the requests; an even share would be 50%\./);
    expect(text).toContain('round-robin');
  });

  test('name the replacements in one slot if there were several', () => {
    const view = (...restarts: readonly number[]): Workers => ({
      source: 'the management port',
      primaryPid: 1,
      clustered: true,
      ready: restarts.length,
      replaced: restarts.reduce((sum, many) => sum + many, 0),
      workers: restarts.map((many, slot) => ({
        worker: slot,
        pid: slot,
        slot,
        state: 'ready',
        ageS: 1,
        restarts: many,
        requests: 0,
        heapUsedBytes: 0,
        thisOne: slot === 0,
      })),
      latestEvents: [],
    });

    expect(concludeWorkers(view(0, 0)).text).toContain('No worker was replaced.');
    expect(concludeWorkers(view(1, 0)).text).toContain(' 1 replacement so far. ');
    expect(concludeWorkers(view(3, 3)).text).toContain('6 replacements so far, at most 3 in the same slot.');
  });
});

describe('cluster/scheduling', () => {
  interface Scheduling {
    readonly workers: number;
    readonly loads: readonly {
      readonly perWorker: readonly number[];
      readonly largestShare: number;
    }[];
    readonly pausedPrimary: { readonly connections: number; readonly answered: number };
  }

  async function schedule(policy: string) {
    await using service = await createTestApp();
    const response = await service.client
      .get(`/demos/cluster/scheduling?policy=${policy}&workers=3`)
      .expect(200);
    return response.body as { result: Scheduling; lesson: { headline: string } };
  }

  test('round-robin is even with few connections, and serves none while the primary is paused', async () => {
    const { result, lesson } = await schedule('round-robin');
    const [few, many] = result.loads;

    expect(sum(few?.perWorker)).toBe(40);
    expect(sum(many?.perWorker)).toBe(200);
    expect(few?.largestShare).toBeLessThan(1.2 / 3);
    expect(result.pausedPrimary).toEqual({ connections: 10, answered: 0 });
    expect(lesson.headline).toMatch(/a paused primary stopped all$/);
  });

  test('the kernel is less even, and serves all while the primary is paused', async () => {
    const { result, lesson } = await until('an uneven distribution', async () => {
      const each = await schedule('kernel');
      const [few, many] = each.result.loads;
      expect(sum(few?.perWorker)).toBe(40);
      expect(sum(many?.perWorker)).toBe(200);
      const largest = Math.max(few?.largestShare ?? 0, many?.largestShare ?? 0);
      return largest > 1.3 / 3 && each.result.pausedPrimary.answered === 10 ? each : undefined;
    });

    expect(result.pausedPrimary).toEqual({ connections: 10, answered: 10 });
    expect(lesson.headline).toMatch(/a paused primary stopped none$/);
  });
});

function sum(numbers: readonly number[] = []): number {
  return numbers.reduce((total, each) => total + each, 0);
}

test('the token of the management port reaches it from a worker: for the demo and for the live view', async () => {
  await using program = await Program.start({ WORKERS: '1', MANAGEMENT_TOKEN: 'a-token-with-at-least-16' });
  const { source } = ((await (await program.get('/demos/cluster/workers')).json()) as WorkersBody).result;
  expect(source).toBe('the management port');
  const live = await program.get('/live');
  let received = '';
  for await (const chunk of live.body as unknown as AsyncIterable<Uint8Array>) {
    received += Buffer.from(chunk).toString();
    if (received.includes('event: ')) break;
  }
  expect(received).toContain('event: view');
});

describe('cluster/gain', () => {
  test.each([
    ['cpu', /^Requests that compute: 2 workers (?:served \S+× as many as|gained little over) one$/],
    ['wait', /^Requests that wait: 2 workers gained little over one$/],
  ])('work=%s: one worker against two, which share the load', async (work, headline) => {
    await using service = await createTestApp();
    const response = await service.client.get(`/demos/cluster/gain?work=${work}`).expect(200);
    const { result, lesson } = response.body as { readonly result: Gain; readonly lesson: Lesson };

    expect(result.clusters).toMatchObject([
      { workers: 1, responding: 1 },
      { workers: 2, responding: 2 },
    ]);
    expect(result.clusters[0]?.coresUsed).toBeLessThan(1.2);
    // On a busy machine the lesson claims nothing.
    expect(lesson.headline).toMatch(
      lesson.headline.startsWith('This run does not tell') ? /the machine was too busy$/ : headline,
    );
  });

  test('the lesson follows the figures', () => {
    const row = { responding: 1, responses: 60, perSecond: 60, coresUsed: 1 };
    const result = (work: Gain['work'], gain: number, one = row): Gain => ({
      work,
      coresUsable: 2,
      clients: 8,
      clusters: [
        { ...one, workers: 1 },
        { ...one, workers: 4, perSecond: 60 * gain },
      ],
      gain,
    });
    const headline = (...figures: Parameters<typeof result>) => concludeGain(result(...figures)).headline;

    expect(headline('cpu', 1.9)).toBe('Requests that compute: 4 workers served 1.9× as many as one');
    expect(headline('cpu', 1.05)).toBe('Requests that compute: 4 workers gained little over one');
    expect(concludeGain(result('cpu', 1.05)).text).toContain('more workers than that only share them');
    expect(headline('cpu', 1.9, { ...row, coresUsed: 0.4 })).toMatch(/^This run does not tell/);
    // Eight requests at once that wait for 25 ms are 320 per second.
    expect(headline('wait', 1.9)).toMatch(/^This run does not tell/);
    expect(headline('wait', 1.05, { ...row, perSecond: 300 })).toBe(
      'Requests that wait: 4 workers gained little over one',
    );
  });
});
