import { once } from 'node:events';
import { get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { describeBuffering } from '../../src/demos/child-processes/buffered-run.ts';
import { conclude } from '../../src/demos/child-processes/compare.ts';
import { measureOwnMemory } from '../../src/demos/kit/measure/own-memory.ts';
import type { Observation } from '../../src/demos/kit/demo.ts';
import { countSurvivors, isAlive } from '../../src/demos/kit/measure/alive.ts';
import { until } from '../support/program.ts';
import { useTestApp } from '../support/use-test-app.ts';

const service = await useTestApp();

async function run<T>(path: string): Promise<Observation<T>> {
  const response = await service.client.get(`/demos/child-processes/${path}`).expect(200);
  return response.body as Observation<T>;
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

describe('ways to start a program', () => {
  test('exec runs the program in a shell, execFile does not', async () => {
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

  test.each(['exec', 'exec-file'])('%s passes output on only when the program has ended', async (way) => {
    const { result, lesson } = await run<Run & { printedMs: number }>(way);

    expect(result.firstOutputMs - result.printedMs).toBeGreaterThan(140); // the program runs on for 150 ms
    expect(result.firstOutputMs).toBeGreaterThan(
      result.printedMs + 0.9 * (result.endedMs - result.printedMs),
    );
    expect(lesson.text).toContain('only when the program had ended');
  });

  test('the lesson of exec would report output that arrives while the program runs', () => {
    const text = describeBuffering({ printedMs: 50, firstOutputMs: 52, endedMs: 210 });

    expect(text).toContain('2.0 ms later, while the program still ran');
  });

  test('spawn returns output before the program ends, without a shell', async () => {
    const { result } = await run<Run>('spawn?lines=100000');

    expect(result.firstOutputMs).toBeLessThan(0.9 * result.endedMs);
    expect(result.shell).toBe(false);
  });

  test('spawn reports the duration of its call and allocates the requested memory first', async () => {
    const rssBefore = process.memoryUsage.rss();
    const { result } = await run<Run & { callMs: number; rssBytes: number }>('spawn?lines=1&megabytes=128');
    expect(result.callMs).toBeGreaterThan(0);
    expect(result.callMs).toBeLessThan(result.firstOutputMs);
    expect(result.rssBytes - rssBefore).toBeGreaterThan(64_000_000);
  });

  test('fork opens a channel, and a message round trip is much faster than the start', async () => {
    const { result, lesson } = await run<Run & { startUpMs: number; meanRoundTripMs: number }>(
      'fork?messages=50',
    );
    expect(result.child.hasChannel).toBe(true);
    expect(result.meanRoundTripMs).toBeLessThan(result.startUpMs / 5);
    expect(result).toMatchObject({ shell: false, valueHere: 0, valueInChild: 1 });
    expect(lesson.text).toContain('a message is a copy');
  });
});

describe('child-processes/stream', () => {
  test('ends the child and its descendants when the client disconnects', async () => {
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
        break; // destroys the response: the client disconnects
      }
      expect(pids).toHaveLength(2);
      expect(await countSurvivors(pids, 5_000)).toBe(0);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });
});

test('child-processes/stream shows that a client that does not read stops the program', async () => {
  const { result, lesson } = await run<Record<string, number | boolean>>('stream?lines=1000000&as=json');

  expect(result).toMatchObject({ linesRead: 3, ended: false, processes: 2, survivors: 0 });
  expect(result['acceptedLines']).toBeLessThan(500_000);
  expect(lesson.text).toContain('0 of 2 processes survived');

  const short = await run<Record<string, number | boolean>>('stream?lines=5&as=json');
  expect(short.result).toMatchObject({ ended: true });
  expect(short.lesson.headline).toBe('The output of 5 lines fit into the buffers');
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

  test('responds with 502 to output over the limit', async () => {
    const response = await service.client.get('/demos/child-processes/overflow').expect(502);
    expect(response.body).toMatchObject({ code: 'child-failed' });
    expect((response.body as { detail: string }).detail).toContain('none of them survived');
    expect(await liveChildren()).toBe(0);
  });

  test('execFile truncates the output and kills the program, then the group is killed', async () => {
    const { result } = await run<Overflow>('overflow?maxBuffer=100000&respondWith=evidence');
    expect(result).toMatchObject({
      overflow: true,
      keptBytes: 100_000, // the program may end by the signal or by the closed pipe
      errorCode: 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER',
      processes: 2,
      survivedTheKill: 1,
      survivors: 0,
    });
  });

  test('spawn with a killed group leaves no process and uses bounded memory', async () => {
    const { result } = await run<Overflow>(
      'overflow?way=spawn&bytes=100000000&maxBuffer=100000&respondWith=evidence',
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

  test.each(['exec-file', 'spawn'])('%s holds at least the output that it keeps', async (way) => {
    const { result, lesson } = await run<Overflow>(
      `overflow?way=${way}&bytes=20000000&maxBuffer=16000000&respondWith=evidence`,
    );

    expect(result.keptBytes).toBe(16_000_000);
    expect(result.peakMemoryBytes).toBeGreaterThan(0.75 * result.keptBytes);
    expect(lesson.text).toMatch(/used at most \d\d\.\d MB for its output/);
  });

  test('does not report less memory than it can measure', async () => {
    const { result, lesson } = await run<Overflow>('overflow?maxBuffer=100000&respondWith=evidence');

    expect(result.peakMemoryBytes).toBeLessThan(4_000_000);
    expect(lesson.text).toContain('used less than 4.0 MB (the resolution of the measurement) for its output');
  });

  test('returns output within the limit completely', async () => {
    const { result } = await run<Overflow>('overflow?bytes=1000');
    expect(result).toMatchObject({ overflow: false, survivors: 0, errorCode: null });
    expect(result.keptBytes).toBeGreaterThan(1_000);
  });
});

describe('child-processes/time-out', () => {
  interface TimeOut {
    readonly endedAfterSigtermMs: number;
  }

  test('kills a stubborn program after a grace period, a polite one exits by itself', async () => {
    const stubborn = await run<TimeOut>('time-out?child=stubborn&timeoutMs=20');
    const polite = await run<TimeOut>('time-out?child=polite&timeoutMs=20');

    expect(stubborn.result).toMatchObject({
      signal: 'SIGKILL',
      exitCode: null,
      receivedSigterm: true,
      processes: 2,
      survivors: 0,
    });
    expect(polite.result).toMatchObject({ signal: null, exitCode: 0, processes: 2, survivors: 0 });
    expect(polite.result.endedAfterSigtermMs).toBeLessThan(stubborn.result.endedAfterSigtermMs);
    expect(polite.lesson.text).toContain('SIGKILL was not needed');
  });
});

describe('child-processes/injection', () => {
  interface Injection {
    readonly ways: { way: string; received: string; arrivedAsGiven: boolean; otherCommands: string | null }[];
  }

  test('execFile passes an argument unchanged, a shell runs the commands in it', async () => {
    const { result } = await run<Injection>('injection');
    expect(result.ways).toMatchObject([
      { way: 'exec-file', arrivedAsGiven: true, otherCommands: null },
      { way: 'exec', arrivedAsGiven: false, received: 'replaced', otherCommands: 'and a second command ran' },
    ]);
  });

  test.each(['$(id); `id` | cat && "\' \\ * ?', '--version', '-e 1', '', 'ünïcödé 🙂'])(
    'passes the argument "%s" unchanged and never to a shell',
    async (argument) => {
      const { result } = await run<Injection>(`injection?argument=${encodeURIComponent(argument)}`);
      expect(result.ways[0]).toMatchObject({ received: argument, arrivedAsGiven: true, otherCommands: null });
      expect(result.ways[1]).toMatchObject({ given: '$(echo replaced); echo and a second command ran' });
    },
  );

  test('rejects control characters and NUL with 400', async () => {
    await service.client.get('/demos/child-processes/injection?argument=a%00b').expect(400);
    await service.client.get('/demos/child-processes/injection?argument=a%1b[2J').expect(400);
  });
});

describe('child-processes/compare', () => {
  test('measures threads and children on the same work', async () => {
    const { result, lesson } = await run<{ memoryMeasured: string; kinds: Record<string, number>[] }>(
      'compare?messages=50&limit=20000',
    );
    const { measured } = measureOwnMemory();
    expect(result.kinds).toMatchObject([
      { kind: 'thread', primes: 2_262 },
      { kind: 'child', primes: 2_262 },
    ]);
    expect(result.memoryMeasured).toBe(measured);
    expect(lesson.text).toContain(`The ${measured} memory was `);
    for (const row of result.kinds) {
      expect(row['memoryEachBytes']).toBeGreaterThan(1_000_000);
      expect(row['roundTripMs']).toBeGreaterThan(0);
      expect(row['roundTripMs']).toBeLessThan(row['startUpMs'] ?? 0);
    }
    expect(await liveChildren()).toBe(0);
  });

  test('own memory includes written buffers and excludes pages shared with other processes', async () => {
    const filled: Buffer[] = [];
    // Garbage of earlier tests may be collected during the allocation.
    const after = await until('memory that grew', () => {
      const before = measureOwnMemory();
      filled.push(Buffer.alloc(50e6, 1));
      const grown = measureOwnMemory();
      return grown.bytes - before.bytes > 40e6 ? grown : undefined;
    });
    if (after.measured === 'private') expect(after.bytes).toBeLessThan(process.memoryUsage.rss());
  });

  test('the lesson follows the figures, whichever kind they favor', () => {
    const base = { memoryEachBytes: 5e6, roundTripMs: 0.1, jobsPerSecond: 10, jobCpuMs: 20, primes: 1 };
    const thread = { ...base, kind: 'thread' as const, startUpMs: 10 };
    const child = { ...base, kind: 'child' as const, startUpMs: 50 };
    const slowThread = { ...thread, startUpMs: 90 };
    const fastChild = { ...child, jobsPerSecond: 30 };
    expect(conclude([thread, child], 'private').headline).toBe(
      'Startup: 10.0 ms for a thread and 50.0 ms for a child',
    );
    expect(conclude([slowThread, child], 'private').headline).toBe(
      'Startup: 50.0 ms for a child and 90.0 ms for a thread',
    );
    expect(conclude([thread, fastChild], 'private').text).toContain('the children did 3.0× as many');
    expect(conclude([thread, child], 'private').text).toContain('about the same speed');
    expect(conclude([thread, { ...fastChild, jobCpuMs: 0.1 }], 'private').text).toContain('does not tell');
    const cause = 'so the slower kind waited longer for a core';
    expect(conclude([thread, fastChild], 'private').text).toContain(cause);
    expect(conclude([thread, child], 'private').text).not.toContain(cause);
    expect(conclude([{ ...thread, jobCpuMs: 60 }, fastChild], 'private').text).not.toContain(cause);
  });

  test('rejects work that would take too long with 400', async () => {
    await service.client
      .get('/demos/child-processes/compare?count=8&messages=10000&limit=3000000')
      .expect(400);
  });
});
