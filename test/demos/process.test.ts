import { execFileSync } from 'node:child_process';
import { describe, expect, test } from '@jest/globals';
import type { Observation } from '../../src/demos/kit/demo.ts';
import { findReason } from '../../src/demos/process/exit-codes.ts';
import { conclude as concludeLastWords, readReports } from '../../src/demos/process/last-words.ts';
import { conclude as concludeMemory, type MemoryRow } from '../../src/demos/process/memory.ts';
import type { Row as PromptRow } from '../../src/demos/process/prompt.ts';
import { conclude as concludeUsage } from '../../src/demos/process/resource-usage.ts';
import { conclude as concludeSignals } from '../../src/demos/process/signals.ts';
import { countStderrFirst } from '../../src/demos/process/stdio.ts';
import { useTestApp } from '../support/use-test-app.ts';

const service = await useTestApp();

async function run<T>(path: string): Promise<Observation<T>> {
  const response = await service.client.get(`/demos/process/${path}`).expect(200);
  return response.body as Observation<T>;
}

describe('process/info', () => {
  test('reports ids and versions, but no paths', async () => {
    const { result, lesson } = await run('info');
    expect(result).toMatchObject({ pid: process.pid, parentPid: process.ppid, node: process.versions.node });
    expect(JSON.stringify(result)).not.toContain(process.cwd());
    expect(lesson.text).toMatch(/has run Node\.js \S+ on \w+ \w+ for [\d.]+ s\. /);
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

  test('each kind of memory raises its own figures', async () => {
    const objects = await rises('objects');
    const untouched = await rises('untouched');
    const buffers = await rises('buffers');

    expect(objects['heapUsed']).toBeGreaterThan(0.6);
    expect(objects['arrayBuffers']).toBeLessThan(0.2);
    expect(buffers['arrayBuffers']).toBeGreaterThan(0.9);
    expect(buffers['heapUsed']).toBeLessThan(0.2);
    expect(untouched['arrayBuffers']).toBeGreaterThan(0.9);
    expect(untouched['rss']).toBeLessThan(0.3);
    expect(buffers['rss']).toBeGreaterThan(0.8); // also after the other two
  });

  test('the lesson names the figures that rose', () => {
    const row = (figure: MemoryRow['figure'], heldBytes: number): MemoryRow => {
      return { figure, beforeBytes: 0, heldBytes, releasedBytes: 0, meaning: '' };
    };
    const lesson = concludeMemory('objects', 1e6, [row('heapUsed', 1e6), row('external', 10)]);
    expect(lesson.headline).toBe('1.0 MB of objects raised heapUsed');
    expect(lesson.text).toContain(
      '1 figure rose by more than 60% of what was allocated: heapUsed (100%). The others rose less: external',
    );
  });
});

describe('process/resource-usage', () => {
  interface Usage {
    readonly cpuShare: number;
    readonly userCpuMs: number;
    readonly systemCpuMs: number;
    readonly elapsedMs: number;
  }

  test('computing takes user time, files take system time, waiting takes little of either', async () => {
    const { result: compute } = await run<Usage>('resource-usage?work=compute');
    const { result: wait } = await run<Usage>('resource-usage?work=wait');
    const { result: files } = await run<Usage>('resource-usage?work=files');

    expect(wait.userCpuMs + wait.systemCpuMs).toBeLessThan(0.5 * wait.elapsedMs);
    expect(compute.userCpuMs).toBeGreaterThan(2 * compute.systemCpuMs);
    expect(files.systemCpuMs / files.userCpuMs).toBeGreaterThan(compute.systemCpuMs / compute.userCpuMs);
  });
});

test('the resource-usage lesson counts one context switch in the singular', () => {
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

  expect(concludeUsage(usage).text).toContain('gave up their core 1 time to wait');
  expect(concludeUsage({ ...usage, voluntarySwitches: 2 }).text).toContain(
    'gave up their core 2 times to wait',
  );
});

describe('process/env', () => {
  test('shows only allow-listed values and passes none of the others to a child', async () => {
    process.env['SECRET_OF_THE_TEST'] = 'do-not-show';
    try {
      const response = await service.client.get('/demos/process/env').expect(200);
      expect(response.text).not.toContain('do-not-show');
      expect(response.text).not.toContain('SECRET_OF_THE_TEST');
      const { result } = response.body as {
        result: {
          childGets: string[];
          withheld: number;
          numberBecame: string;
          readNs: number;
          readCopyNs: number;
        };
      };
      // NODE_COMPILE_CACHE only if this process has it.
      expect(['LANG', 'NODE_COMPILE_CACHE', 'PATH']).toEqual(expect.arrayContaining(result.childGets));
      expect(result.childGets).toEqual(expect.arrayContaining(['LANG', 'PATH']));
      expect(result.withheld).toBeGreaterThan(0);
      expect(result.numberBecame).toBe('string');
    } finally {
      delete process.env['SECRET_OF_THE_TEST'];
    }
  });
});

describe('process/stdio', () => {
  test('the child echoes every line and ends with its input', async () => {
    const { result } = await run<{ transcript: { stream: string; text: string }[] }>('stdio?lines=3');
    const linesOf = (stream: string) =>
      result.transcript.filter((line) => line.stream === stream).map(({ text }) => text);

    expect(result).toMatchObject({ sent: 3, echoed: 3, exitCode: 0 });
    expect(linesOf('stdout')).toEqual(['THIS IS LINE 1', 'THIS IS LINE 2', 'THIS IS LINE 3']);
    expect(linesOf('stderr')).toEqual([
      'received line 1',
      'received line 2',
      'received line 3',
      'end of input after 3 lines',
    ]);
  });

  test('counts how often the stderr line arrived first', () => {
    const transcript = ['stdin', 'stderr', 'stdout', 'stdin', 'stdout', 'stderr'] as const;
    expect(countStderrFirst(transcript.map((stream) => ({ stream })))).toBe(1);
    expect(countStderrFirst([])).toBe(0);
  });
});

describe('process/prompt', () => {
  const typed = { input: 'typed', sent: 2, answers: 2, code: 0, error: null };
  const piped = { input: 'piped', sent: 2 };
  const empty = { input: 'empty', sent: 0, answers: 0 };

  test.each([
    [
      'question',
      [typed, { ...piped, answers: 1, code: 13, error: null }, { ...empty, code: 13, error: null }],
      'rl.question lost 1 of 4 answers',
      '2 processes ended with a question that never settled',
    ],
    [
      'signal',
      [
        typed,
        { ...piped, answers: 1, code: 1, error: 'AbortError' },
        { ...empty, code: 1, error: 'AbortError' },
      ],
      'rl.question with a signal lost 1 of 4 answers',
      'Every process noticed the end of its input',
    ],
    [
      'lines',
      [typed, { ...piped, answers: 2, code: 0, error: null }, { ...empty, code: 1, error: 'Error' }],
      'Reading the lines lost 0 of 4 answers',
      'Every process noticed the end of its input',
    ],
  ])('way=%s receives typed answers without blocking', async (way, rows, headline, verdict) => {
    const { result, lesson } = await run<{ inputs: readonly PromptRow[] }>(`prompt?way=${way}`);

    expect(result.inputs).toMatchObject(rows);
    expect(result.inputs[0]?.ticks).toBeGreaterThan(3);
    expect(lesson.headline).toBe(headline);
    expect(lesson.text).toContain(verdict);
  });
});

describe('process/exit-codes', () => {
  test('reports a code or a signal for each way to end', async () => {
    const { result, lesson } = await run<{ children: object[] }>('exit-codes?code=42');
    expect(result.children).toMatchObject([
      { way: 'return', code: 0, signal: null, inShell: 0, events: 'beforeExit, exit' },
      { way: 'exit-code', code: 42, signal: null, inShell: 42, events: 'beforeExit, exit' },
      { way: 'exit', code: 42, signal: null, inShell: 42, events: 'exit' },
      { way: 'exception', code: 1, signal: null, reason: 'Error: thrown and never caught', events: 'exit' },
      {
        way: 'rejection',
        code: 1,
        signal: null,
        reason: 'Error: rejected and never handled',
        events: 'exit',
      },
      { way: 'unfinished', code: 13, signal: null, reason: 'Warning: Detected unsettled top-level await' },
      { way: 'signal', code: null, signal: 'SIGKILL', inShell: 137, reason: null, events: 'none' },
    ]);
    expect(lesson.text).toContain('exit was not emitted by: signal');
  });

  test('computes the same status as a shell reports', async () => {
    const { result } = await run<{ children: { way: string; inShell: number }[] }>('exit-codes?code=42');
    const computed = (way: string) => result.children.find((child) => child.way === way)?.inShell;

    for (const [way, script] of [
      ['exit', 'exit 42'],
      ['signal', 'kill -KILL $$'],
    ] as const) {
      const reported = execFileSync('/bin/sh', ['-c', 'sh -c "$0" 2>/dev/null; echo $?', script], {
        encoding: 'utf8',
      });
      expect(Number(reported)).toBe(computed(way));
    }
  });

  test('rejects an exit code over 255 with 400', async () => {
    await service.client.get('/demos/process/exit-codes?code=256').expect(400);
  });

  test('finds the reason among the lines of a stack trace', () => {
    expect(findReason('file:///a.ts:1\nthrow new Error()\n^\n\nTypeError: no\n  at x (a.ts:1)\n')).toBe(
      'TypeError: no',
    );
    expect(findReason('')).toBeNull();
  });
});

describe('process/last-words', () => {
  interface LastWords {
    readonly arrivedBytes: number;
    readonly lostBytes: number;
    readonly events: readonly string[];
  }

  test('process.exit at once loses what does not fit into the pipe, with exit code 0', async () => {
    const { result, lesson } = await run<LastWords>('last-words?way=exit&bytes=5000000');

    expect(result.arrivedBytes).toBeGreaterThan(0);
    expect(result.lostBytes).toBe(5_000_000 - result.arrivedBytes);
    expect(result.lostBytes).toBeGreaterThan(1_000_000);
    expect(result).toMatchObject({
      exitCode: 0,
      writeReturned: false,
      events: ['exit'],
      neverFired: ['timer', 'timer of exit'],
    });
    expect(lesson.headline).toMatch(/^process\.exit at once lost .* of 5\.0 MB$/);
    expect(lesson.text).toContain('beforeExit was not emitted');
  });

  test('process.exitCode loses nothing and lets timers fire until beforeExit adds no more', async () => {
    const { result, lesson } = await run<LastWords>('last-words?way=exitCode&bytes=5000000');

    expect(result).toMatchObject({
      arrivedBytes: 5_000_000,
      lostBytes: 0,
      neverFired: ['timer of exit'],
    });
    expect(result.events).toEqual(expect.arrayContaining(['written', 'timer']));
    expect(result.events.slice(-4)).toEqual(['beforeExit', 'timer of beforeExit', 'beforeExit', 'exit']);
    expect(lesson.headline).toBe('process.exitCode delivered all 5.0 MB');
  });

  test('process.exit in the callback of the write loses no output, but its timers', async () => {
    const { result, lesson } = await run<LastWords>('last-words?way=callback&bytes=5000000');

    expect(result).toMatchObject({
      arrivedBytes: 5_000_000,
      lostBytes: 0,
      neverFired: ['timer', 'timer of exit'],
    });
    expect(result.events.slice(-2)).toEqual(['written', 'exit']);
    expect(lesson.headline).toBe('process.exit after the write delivered all 5.0 MB');
  });

  test('output that fits into the pipe shows nothing', async () => {
    const { result, lesson } = await run<LastWords>('last-words?way=exit&bytes=1000');

    expect(result).toMatchObject({ arrivedBytes: 1000, lostBytes: 0, writeReturned: true });
    expect(lesson.headline).toMatch(/^This run does not tell/);
  });

  test('the lesson reports any way that loses output', () => {
    const result = {
      way: 'exitCode' as const,
      printedBytes: 10,
      arrivedBytes: 4,
      lostBytes: 6,
      exitCode: 0,
      endedMs: 1,
      ...readReports('write true\nstart timer\nfire timer\nevent exit\n'),
    };

    expect(result).toMatchObject({ writeReturned: true, events: ['timer', 'exit'], neverFired: [] });
    expect(concludeLastWords(result).headline).toBe('process.exitCode lost 6 B of 10 B');
    expect(concludeLastWords(result).text).toContain('Every timer fired.');
  });
});

describe('process/signals', () => {
  test('all signals but SIGKILL and SIGSTOP can be handled, and each has its own default', async () => {
    const { result, lesson } = await run<{ children: object[] }>('signals');
    const defaults = {
      SIGINT: 'ended',
      SIGTERM: 'ended',
      SIGHUP: 'ended',
      SIGUSR1: 'debugger started',
      SIGPIPE: 'kept running',
      SIGKILL: 'ended',
      SIGSTOP: 'stopped',
    };
    expect(result.children).toMatchObject(
      Object.entries(defaults).flatMap(([sent, outcome]) => [
        { sent, listener: 'none', handled: false, code: null, outcome },
        sent === 'SIGKILL' || sent === 'SIGSTOP'
          ? { sent, listener: 'refused: EINVAL', handled: false, code: null, outcome }
          : { sent, listener: 'installed', handled: true, code: 0, endedBy: null, outcome: 'ended' },
      ]),
    );
    expect(lesson.text).toContain(
      'ended 4 of 7 children; the others: SIGUSR1 debugger started, SIGPIPE kept running, SIGSTOP stopped.',
    );
  });

  test('the lesson follows the results', () => {
    const child = {
      sent: 'SIGINT' as const,
      code: 0,
      endedBy: null,
      outcome: 'ended' as const,
      endedAfterMs: 1,
    };
    const lessonFor = (handled: boolean) => concludeSignals([{ ...child, listener: 'installed', handled }]);
    expect(lessonFor(true).headline).toBe('SIGINT could be handled');
    expect(lessonFor(false).headline).toBe('No signal could be handled, SIGINT could not');
  });
});
