import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { findReason } from '../../src/demos/process/exit-codes.ts';
import { conclude as concludeMemory, type MemoryRow } from '../../src/demos/process/memory.ts';
import { conclude as concludeUsage } from '../../src/demos/process/resource-usage.ts';
import { conclude as concludeSignals } from '../../src/demos/process/signals.ts';
import { countRemarksFirst } from '../../src/demos/process/stdio.ts';
import { createTestApp, type TestApp } from '../support/app.ts';

let service: TestApp;
beforeAll(async () => {
  service = await createTestApp({ env: { OVERLOAD_MAX_DELAY_MS: '0' } }); // these demos block on purpose
});
afterAll(async () => {
  await service[Symbol.asyncDispose]();
});

async function run<T>(path: string): Promise<{ readonly result: T; readonly lesson: string }> {
  const response = await service.client.get(`/demos/process/${path}`).expect(200);
  return response.body as { result: T; lesson: string };
}

describe('process/info', () => {
  test('tells ids and versions, and no path of the machine', async () => {
    const { result, lesson } = await run('info');
    expect(result).toMatchObject({ pid: process.pid, parentPid: process.ppid, node: process.versions.node });
    expect(JSON.stringify(result)).not.toContain(process.cwd());
    expect(lesson).toMatch(/has run Node\.js \S+ on \w+ \w+ for [\d.]+ s,/);
  });
});

describe('process/memory', () => {
  interface Memory {
    readonly takenBytes: number;
    readonly figures: readonly MemoryRow[];
  }

  async function rises(of: string): Promise<Record<string, number>> {
    const { result } = await run<Memory>(`memory?of=${of}&megabytes=64`);
    return Object.fromEntries(
      result.figures.map(({ figure, heldBytes, beforeBytes }) => [
        figure,
        (heldBytes - beforeBytes) / result.takenBytes,
      ]),
    );
  }

  test('each kind of memory moves its own figures', async () => {
    const objects = await rises('objects');
    const untouched = await rises('untouched');
    const buffers = await rises('buffers');

    expect(objects['heapUsed']).toBeGreaterThan(0.6);
    expect(objects['arrayBuffers']).toBeLessThan(0.2);
    expect(buffers['arrayBuffers']).toBeGreaterThan(0.9);
    expect(buffers['heapUsed']).toBeLessThan(0.2);
    expect(untouched['arrayBuffers']).toBeGreaterThan(0.9);
    expect(untouched['rss']).toBeLessThan(0.6);
  });

  test('the lesson names the figures that rose', () => {
    const row = (figure: MemoryRow['figure'], heldBytes: number): MemoryRow => {
      return { figure, beforeBytes: 0, heldBytes, releasedBytes: 0, meaning: '' };
    };
    const lesson = concludeMemory('objects', 1e6, [row('heapUsed', 1e6), row('external', 10)]);
    expect(lesson).toContain('1 figure rose by most of it: heapUsed (100 %); the others did not: external');
  });
});

describe('process/resource-usage', () => {
  interface Usage {
    readonly cpuShare: number;
    readonly userCpuMs: number;
    readonly systemCpuMs: number;
    readonly elapsedMs: number;
  }

  test('computing is charged, waiting is not, and files are the work of the kernel', async () => {
    const { result: compute } = await run<Usage>('resource-usage?work=compute');
    const { result: wait } = await run<Usage>('resource-usage?work=wait');
    const { result: files } = await run<Usage>('resource-usage?work=files');

    expect(wait.userCpuMs + wait.systemCpuMs).toBeLessThan(0.5 * wait.elapsedMs);
    expect(compute.userCpuMs).toBeGreaterThan(2 * compute.systemCpuMs);
    expect(files.systemCpuMs / files.userCpuMs).toBeGreaterThan(compute.systemCpuMs / compute.userCpuMs);
  });
});

test('a switch that came once is one time', () => {
  const usage = {
    work: 'wait',
    elapsedMs: 150,
    userCpuMs: 1,
    systemCpuMs: 1,
    cpuShare: 0.01,
    voluntarySwitches: 1,
    involuntarySwitches: 0,
    pageFaultsWithoutIo: 0,
    maxRssBytes: 1,
  };

  expect(concludeUsage(usage)).toContain('gave up their core 1 time to wait');
  expect(concludeUsage({ ...usage, voluntarySwitches: 2 })).toContain('gave up their core 2 times to wait');
});

describe('process/env', () => {
  test('values of the allow-list only, and none of them in a child', async () => {
    process.env['SECRET_OF_THE_TEST'] = 'do-not-tell';
    try {
      const response = await service.client.get('/demos/process/env').expect(200);
      expect(response.text).not.toContain('do-not-tell');
      expect(response.text).not.toContain('SECRET_OF_THE_TEST');
      const { result } = response.body as {
        result: {
          childGets: string[];
          notTold: number;
          numberBecame: string;
          readNs: number;
          readCopyNs: number;
        };
      };
      // And where compiled modules are, if that is told.
      expect(['LANG', 'NODE_COMPILE_CACHE', 'PATH']).toEqual(expect.arrayContaining(result.childGets));
      expect(result.childGets).toEqual(expect.arrayContaining(['LANG', 'PATH']));
      expect(result.notTold).toBeGreaterThan(0);
      expect(result.numberBecame).toBe('string');
    } finally {
      delete process.env['SECRET_OF_THE_TEST'];
    }
  });
});

describe('process/stdio', () => {
  test('every line that is said is answered, and the child ends with its input', async () => {
    const { result } = await run<{ talk: { stream: string; text: string }[] }>('stdio?lines=3');
    const heard = (stream: string) =>
      result.talk.filter((line) => line.stream === stream).map(({ text }) => text);

    expect(result).toMatchObject({ said: 3, answered: 3, exitCode: 0 });
    expect(heard('stdout')).toEqual(['THIS IS LINE 1', 'THIS IS LINE 2', 'THIS IS LINE 3']);
    expect(heard('stderr')).toEqual([
      'heard line 1',
      'heard line 2',
      'heard line 3',
      'the input has ended after 3 lines',
    ]);
  });

  test('remarks that came first are counted', () => {
    const talk = ['stdin', 'stderr', 'stdout', 'stdin', 'stdout', 'stderr'] as const;
    expect(countRemarksFirst(talk.map((stream) => ({ stream })))).toBe(1);
    expect(countRemarksFirst([])).toBe(0);
  });
});

describe('process/exit-codes', () => {
  test('each way to end has its code, or its signal and no code', async () => {
    const { result } = await run<{ children: object[] }>('exit-codes?code=42');
    expect(result.children).toMatchObject([
      { way: 'return', code: 0, signal: null, inShell: 0 },
      { way: 'exit-code', code: 42, signal: null, inShell: 42 },
      { way: 'exit', code: 42, signal: null, inShell: 42 },
      { way: 'exception', code: 1, signal: null, said: 'Error: thrown, and nobody caught it' },
      { way: 'rejection', code: 1, signal: null, said: 'Error: rejected, and nobody waited' },
      { way: 'unfinished', code: 13, signal: null, said: 'Warning: Detected unsettled top-level await' },
      { way: 'signal', code: null, signal: 'SIGKILL', inShell: 137, said: null },
    ]);
  });

  test('a shell reports what is said of it', async () => {
    const { result } = await run<{ children: { way: string; inShell: number }[] }>('exit-codes?code=42');
    const saidOf = (way: string) => result.children.find((child) => child.way === way)?.inShell;

    for (const [way, script] of [
      ['exit', 'exit 42'],
      ['signal', 'kill -KILL $$'],
    ] as const) {
      const reported = execFileSync('/bin/sh', ['-c', 'sh -c "$0" 2>/dev/null; echo $?', script], {
        encoding: 'utf8',
      });
      expect(Number(reported)).toBe(saidOf(way));
    }
  });

  test('a code that no process can have is refused', async () => {
    await service.client.get('/demos/process/exit-codes?code=256').expect(400);
  });

  test('the reason is found among the lines of a stack', () => {
    expect(findReason('file:///a.ts:1\nthrow new Error()\n^\n\nTypeError: no\n  at x (a.ts:1)\n')).toBe(
      'TypeError: no',
    );
    expect(findReason('')).toBeNull();
  });
});

describe('process/signals', () => {
  test('all but SIGKILL can be handled', async () => {
    const { result } = await run<{ children: object[] }>('signals');
    expect(result.children).toMatchObject(
      ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGKILL'].flatMap((sent) => [
        { sent, listener: 'none', handled: false, code: null, endedBy: sent },
        sent === 'SIGKILL'
          ? { sent, listener: 'refused: EINVAL', handled: false, code: null, endedBy: sent }
          : { sent, listener: 'installed', handled: true, code: 0, endedBy: null },
      ]),
    );
  });

  test('the lesson follows what was seen', () => {
    const child = { sent: 'SIGINT' as const, code: 0, endedBy: null, endedAfterMs: 1 };
    expect(concludeSignals([{ ...child, listener: 'installed', handled: true }])).toContain(
      'SIGINT could be handled',
    );
    expect(concludeSignals([{ ...child, listener: 'installed', handled: false }])).toContain(
      'No signal could be handled, SIGINT could not',
    );
  });
});
