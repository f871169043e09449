import { describe, expect, test } from '@jest/globals';
import { selfTimes, toChunks, type Profile } from '../../src/demos/profiling/profile.ts';
import { createTestApp } from '../support/app.ts';
import { Program, until } from '../support/program.ts';
import { useTestApp } from '../support/use-test-app.ts';

const service = await useTestApp();

const frame = { scriptId: '0', url: '', lineNumber: -1, columnNumber: -1 };
const profile: Profile = {
  nodes: [
    { id: 1, callFrame: { ...frame, functionName: '(root)' }, children: [2] },
    { id: 2, callFrame: { ...frame, functionName: 'busy' } },
  ],
  startTime: 0,
  endTime: 6_000,
  samples: [1, 2, 2],
  timeDeltas: [1_000, 2_000, 3_000],
};

describe('profiling/cpu', () => {
  interface Cpu {
    readonly functions: readonly {
      readonly functionName: string;
      readonly selfMs: number;
      readonly clockMs?: number;
    }[];
  }

  test('reports self times that agree with the clock', async () => {
    // Retried: on a busy machine a sample counts the time that this process waited for a CPU.
    await until('self times that agree', async () => {
      const response = await service.client.get('/demos/profiling/cpu?ms=600&as=json').expect(200);
      const { functions } = (response.body as { result: Cpu }).result;
      const known = functions.filter(({ clockMs }) => clockMs !== undefined);

      expect(known.map(({ functionName }) => functionName).sort()).toEqual([
        'findPrimes',
        'scanText',
        'sortWords',
      ]);
      const primes = known.find(({ functionName }) => functionName === 'findPrimes');
      const ratio = (primes?.selfMs ?? 0) / (primes?.clockMs ?? Infinity);
      return ratio > 0.5 && ratio < 1.5 ? ratio : undefined;
    });
  });

  test('does not blame the functions of another demo, and reports what the profiler costs', async () => {
    const [profiled] = await Promise.all([
      service.client.get('/demos/profiling/cpu?ms=300&as=json').expect(200),
      service.client.get('/demos/cpu/inline').expect(200),
    ]);
    const { result, cost } = profiled.body as {
      result: Cpu & { slowdown: number; roundsWithoutProfiler: number };
      cost: { shared?: number };
    };

    expect(cost.shared).toBeUndefined();
    expect(result.roundsWithoutProfiler).toBeGreaterThan(0);
    expect(result.slowdown).toBeGreaterThan(0.3);
    expect(result.functions.map(({ functionName }) => functionName)).not.toContain('countPrimesBetween');
  });

  test('sends a .cpuprofile that names the functions of the workload', async () => {
    const response = await service.client
      .get('/demos/profiling/cpu?ms=1000') // long enough for a busy machine
      .buffer(true)
      .parse(collect)
      .expect(200)
      .expect('Content-Disposition', /filename="worker-0\.cpuprofile"/);
    const { nodes, samples = [], timeDeltas = [] } = JSON.parse(String(response.body)) as Profile;

    expect(nodes.map(({ callFrame }) => callFrame.functionName)).toContain('sortWords');
    expect(samples).toHaveLength(timeDeltas.length);
    expect(samples.length).toBeGreaterThan(1);
  });

  test('toChunks() yields the JSON of the whole profile', () => {
    expect(JSON.parse([...toChunks(profile)].join(''))).toEqual(profile);
    const long = {
      ...profile,
      samples: Array<number>(2_500).fill(2),
      timeDeltas: Array<number>(2_500).fill(1),
    };
    expect(JSON.parse([...toChunks(long)].join(''))).toEqual(long);
  });

  test('selfTimes() attributes the time between two samples to the function of the first', () => {
    expect([...selfTimes(profile)]).toEqual([
      ['(root)', 2],
      ['busy', 3],
    ]);
  });
});

test('a disconnect stops the profile, so that the next request need not wait for it', async () => {
  await using program = await Program.start({ WORKERS: '0' });
  await program.get('/demos/profiling/cpu?ms=50'); // loads all modules
  const signal = AbortSignal.timeout(300);
  await expect(program.get('/demos/profiling/cpu?ms=4500', { signal })).rejects.toThrow();
  const startedAt = Date.now();

  const next = await program.get('/demos/profiling/cpu?ms=50&as=json');

  expect(next.status).toBe(200);
  expect(Date.now() - startedAt).toBeLessThan(4_000);
});

describe('profiling/heap-snapshot', () => {
  test('blocks the event loop for most of its duration', async () => {
    // In another process: a snapshot of Jest's heap takes half a minute.
    await using program = await Program.start({ WORKERS: '1' });
    const response = await program.get('/demos/profiling/heap-snapshot?as=json', { method: 'POST' });
    const { result } = (await response.json()) as {
      result: { snapshotBytes: number; elapsedMs: number; eventLoopMaxDelayMs: number };
    };

    expect(result.snapshotBytes).toBeGreaterThan(1e6);
    expect(result.eventLoopMaxDelayMs).toBeGreaterThan(0.4 * result.elapsedMs);
  });

  test('responds with 403 if DANGER=off, and rejects GET with 405', async () => {
    await using careful = await createTestApp({ env: { DANGER: 'off' } });
    await careful.client.post('/demos/profiling/heap-snapshot').expect(403);
    await service.client.get('/demos/profiling/heap-snapshot').expect(405);
  });

  test('streams a .heapsnapshot file', async () => {
    await using program = await Program.start({ WORKERS: '1' });
    const response = await program.get('/demos/profiling/heap-snapshot', { method: 'POST' });
    const text = await response.text();
    expect(response.headers.get('content-disposition')).toMatch(/\.heapsnapshot"/);
    expect(text.slice(0, 20)).toBe('{"snapshot":{"meta":');
    expect(text.trimEnd().endsWith('}')).toBe(true);
  });
});

/** Reads a download as text, which supertest does not. */
function collect(res: unknown, done: (error: Error | null, body: unknown) => void): void {
  const chunks: Buffer[] = [];
  const stream = res as NodeJS.ReadableStream;
  stream.on('data', (chunk: Buffer | string) => chunks.push(Buffer.from(chunk)));
  stream.on('end', () => done(null, Buffer.concat(chunks).toString()));
}
