import { once } from 'node:events';
import { get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { conclude } from '../../src/demos/child-processes/compare.ts';
import { measureOwnMemory } from '../../src/demos/child-processes/own-memory.ts';
import { countSurvivors, isAlive } from '../../src/demos/evidence/alive.ts';
import { createTestApp, type TestApp } from '../support/app.ts';
import { until } from '../support/program.ts';

let service: TestApp;
beforeAll(async () => {
  service = await createTestApp({ env: { OVERLOAD_MAX_DELAY_MS: '0' } }); // these demos block on purpose
});
afterAll(async () => {
  await service[Symbol.asyncDispose]();
});

async function run<T>(path: string): Promise<{ readonly result: T; readonly lesson: string }> {
  const response = await service.client.get(`/demos/child-processes/${path}`).expect(200);
  return response.body as { result: T; lesson: string };
}

async function liveChildren(): Promise<number> {
  const [gauge] = (await service.metrics.registry.getMetricsAsJSON()).filter(
    ({ name }) => name === 'demo_children',
  );
  return (gauge as unknown as { values: { value: number }[] }).values[0]?.value ?? -1;
}

interface Run {
  readonly child: { readonly parentPid: number; readonly arguments: string[]; readonly hasChannel: boolean };
  readonly shell: boolean;
  readonly shellPid: number;
  readonly firstOutputMs: number;
  readonly endedMs: number;
  readonly exitCode: number | null;
}

describe('the ways to start a program', () => {
  test('exec puts a shell between, execFile does not', async () => {
    const { result: shell } = await run<Run>('exec');
    const { result: direct } = await run<Run>('exec-file');

    expect(shell).toMatchObject({ shell: true, exitCode: 0, child: { arguments: ['one', 'two'] } });
    expect(shell.child.parentPid).toBe(shell.shellPid);
    expect(direct).toMatchObject({
      shell: false,
      exitCode: 0,
      child: { parentPid: process.pid, arguments: ['$(whoami); *'] },
    });
  });

  test('spawn has its first output long before the end, execFile only then', async () => {
    const { result: streamed } = await run<Run>('spawn?lines=100000');
    const { result: buffered } = await run<Run>('exec-file');

    expect(streamed.firstOutputMs).toBeLessThan(0.9 * streamed.endedMs);
    expect(buffered.firstOutputMs).toBe(buffered.endedMs);
  });

  test('the call to spawn is a part of the start, made while the memory asked for is held', async () => {
    const rssBefore = process.memoryUsage.rss();
    const { result } = await run<Run & { callMs: number; rssBytes: number }>('spawn?lines=1&megabytes=128');
    expect(result.callMs).toBeGreaterThan(0);
    expect(result.callMs).toBeLessThan(result.firstOutputMs);
    expect(result.rssBytes - rssBefore).toBeGreaterThan(64_000_000);
  });

  test('fork has a channel, and a message costs far less than the start', async () => {
    const { result } = await run<Run & { startUpMs: number; meanRoundTripMs: number }>('fork?messages=50');
    expect(result.child.hasChannel).toBe(true);
    expect(result.meanRoundTripMs).toBeLessThan(result.startUpMs / 5);
  });
});

describe('child-processes/stream', () => {
  test('a client that leaves ends the child and its descendants', async () => {
    const server = service.app.listen(0);
    await once(server, 'listening');
    try {
      const { port } = server.address() as AddressInfo;
      const path = '/demos/child-processes/stream?lines=100000000';
      const [response] = (await once(get({ port, path, agent: false }), 'response')) as [
        AsyncIterable<Buffer> & { destroy(): void },
      ];
      let pids: number[] = [];
      for await (const chunk of response) {
        const [, printer, parent] = /from process (\d+), child of (\d+)/.exec(chunk.toString()) ?? [];
        pids = [Number(printer), Number(parent)];
        expect(pids.every(isAlive)).toBe(true);
        break; // destroys the response: the client has left
      }
      expect(pids).toHaveLength(2);
      expect(await countSurvivors(pids, 5_000)).toBe(0);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });
});

describe('child-processes/overflow', () => {
  interface Overflow {
    readonly overflow: boolean;
    readonly keptBytes: number;
    readonly signal: string | null;
    readonly processes: number;
    readonly survivedTheKill: number;
    readonly survivors: number;
    readonly errorCode: string | null;
    readonly peakMemoryBytes: number;
  }

  test('too much output is a problem of its request', async () => {
    const response = await service.client.get('/demos/child-processes/overflow').expect(502);
    expect(response.body).toMatchObject({ code: 'child-failed' });
    expect((response.body as { detail: string }).detail).toContain('none of them survived');
    expect(await liveChildren()).toBe(0);
  });

  test('execFile cuts and kills the program, and the end of the group the rest', async () => {
    const { result } = await run<Overflow>('overflow?maxBuffer=100000&answer=evidence');
    expect(result).toMatchObject({
      overflow: true,
      keptBytes: 100_000, // whether the signal or the closed pipe ended the program first is chance
      errorCode: 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER',
      processes: 2,
      survivedTheKill: 1,
      survivors: 0,
    });
  });

  test('a killed group leaves nobody, and memory is bounded whatever is printed', async () => {
    const { result } = await run<Overflow>(
      'overflow?way=spawn&bytes=100000000&maxBuffer=100000&answer=evidence',
    );
    expect(result).toMatchObject({
      overflow: true,
      keptBytes: 100_000,
      survivedTheKill: 0,
      survivors: 0,
      processes: 2,
    });
    expect(result.peakMemoryBytes).toBeLessThan(20_000_000);
  });

  test('output within the bound is whole', async () => {
    const { result } = await run<Overflow>('overflow?bytes=1000');
    expect(result).toMatchObject({ overflow: false, survivors: 0, errorCode: null });
    expect(result.keptBytes).toBeGreaterThan(1_000);
  });
});

describe('child-processes/time-out', () => {
  interface TimeOut {
    readonly endedAfterSigtermMs: number;
  }

  test('a stubborn program is killed after a grace period, a polite one ends by itself before that', async () => {
    const stubborn = await run<TimeOut>('time-out?child=stubborn&timeoutMs=20');
    const polite = await run<TimeOut>('time-out?child=polite&timeoutMs=20');

    expect(stubborn.result).toMatchObject({
      signal: 'SIGKILL',
      exitCode: null,
      heardSigterm: true,
      processes: 2,
      survivors: 0,
    });
    expect(polite.result).toMatchObject({ signal: null, exitCode: 0, processes: 2, survivors: 0 });
    expect(polite.result.endedAfterSigtermMs).toBeLessThan(stubborn.result.endedAfterSigtermMs);
    expect(polite.lesson).toContain('nobody had to kill it');
  });
});

describe('child-processes/injection', () => {
  interface Injection {
    readonly ways: { way: string; received: string; arrivedAsGiven: boolean; otherCommands: string | null }[];
  }

  test('execFile hands an argument over as it is, a shell makes commands of it', async () => {
    const { result } = await run<Injection>('injection');
    expect(result.ways).toMatchObject([
      { way: 'exec-file', arrivedAsGiven: true, otherCommands: null },
      { way: 'exec', arrivedAsGiven: false, received: 'replaced', otherCommands: 'and a second command ran' },
    ]);
  });

  test.each(['$(id); `id` | cat && "\' \\ * ?', '--version', '-e 1', '', 'ünïcödé 🙂'])(
    'the caller’s own argument «%s» arrives as it is, and is never given to a shell',
    async (argument) => {
      const { result } = await run<Injection>(`injection?argument=${encodeURIComponent(argument)}`);
      expect(result.ways[0]).toMatchObject({ received: argument, arrivedAsGiven: true, otherCommands: null });
      expect(result.ways[1]).toMatchObject({ given: '$(echo replaced); echo and a second command ran' });
    },
  );

  test('control characters, NUL among them, are refused', async () => {
    await service.client.get('/demos/child-processes/injection?argument=a%00b').expect(400);
    await service.client.get('/demos/child-processes/injection?argument=a%1b[2J').expect(400);
  });
});

describe('child-processes/compare', () => {
  test('threads and children are measured on the same work', async () => {
    const { result, lesson } = await run<{ memoryMeasured: string; kinds: Record<string, number>[] }>(
      'compare?messages=50&limit=20000',
    );
    const { measured } = measureOwnMemory();
    expect(result.kinds).toMatchObject([
      { kind: 'thread', primes: 2_262 },
      { kind: 'child', primes: 2_262 },
    ]);
    expect(result.memoryMeasured).toBe(measured);
    expect(lesson).toContain(`of ${measured} memory, a `);
    for (const row of result.kinds) {
      expect(row['memoryEachBytes']).toBeGreaterThan(1_000_000);
      expect(row['roundTripMs']).toBeGreaterThan(0);
      expect(row['roundTripMs']).toBeLessThan(row['startUpMs'] ?? 0);
    }
    expect(await liveChildren()).toBe(0);
  });

  test('own memory grows with what is filled, and leaves out what other processes share', async () => {
    const filled: Buffer[] = [];
    // What others have left may be collected just as this is filled.
    const after = await until('memory that grew', () => {
      const before = measureOwnMemory();
      filled.push(Buffer.alloc(50e6, 1));
      const grown = measureOwnMemory();
      return grown.bytes - before.bytes > 40e6 ? grown : undefined;
    });
    if (after.measured === 'private') expect(after.bytes).toBeLessThan(process.memoryUsage.rss());
  });

  test('the lesson follows the figures, whoever they favour', () => {
    const base = { memoryEachBytes: 5e6, roundTripMs: 0.1, jobsPerSecond: 10, primes: 1 };
    const thread = { ...base, kind: 'thread' as const, startUpMs: 10 };
    const child = { ...base, kind: 'child' as const, startUpMs: 50 };
    expect(conclude([thread, child], 'private')).toContain('a thread took 10.0 ms and a child 50.0 ms');
    expect(conclude([{ ...thread, startUpMs: 90 }, child], 'private')).toContain(
      'a child took 50.0 ms and a thread 90.0 ms',
    );
    expect(conclude([thread, { ...child, jobsPerSecond: 30 }], 'private')).toContain(
      'the children did 3.0 times as many',
    );
    expect(conclude([thread, child], 'private')).toContain('about as much');
  });
});
