import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { selfTimes, toPieces, type Profile } from '../../src/demos/profiling/profile.ts';
import { createTestApp, type TestApp } from '../support/app.ts';
import { Program } from '../support/program.ts';

let service: TestApp;
beforeAll(async () => {
  // What is measured here holds the event loop on purpose: the next request must not be shed for it.
  service = await createTestApp({ env: { OVERLOAD_MAX_DELAY_MS: '0' } });
});
afterAll(async () => {
  await service[Symbol.asyncDispose]();
});

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

  test('the sampler and the clock agree on what took the time', async () => {
    const response = await service.client.get('/demos/profiling/cpu?ms=600&as=json').expect(200);
    const { functions } = (response.body as { result: Cpu }).result;
    const known = functions.filter(({ clockMs }) => clockMs !== undefined);

    expect(known.map(({ functionName }) => functionName).sort()).toEqual([
      'findPrimes',
      'scanText',
      'sortWords',
    ]);
    const primes = known.find(({ functionName }) => functionName === 'findPrimes');
    expect(primes?.selfMs).toBeGreaterThan(0.5 * (primes?.clockMs ?? Infinity));
    expect(primes?.selfMs).toBeLessThan(1.5 * (primes?.clockMs ?? 0));
  });

  test('the file is a profile with the names of the functions that worked', async () => {
    const response = await service.client
      .get('/demos/profiling/cpu?ms=1000') // long enough for a machine that has little time for it
      .buffer(true)
      .parse(collect)
      .expect(200)
      .expect('Content-Disposition', /filename="worker-0\.cpuprofile"/);
    const { nodes, samples = [], timeDeltas = [] } = JSON.parse(String(response.body)) as Profile;

    expect(nodes.map(({ callFrame }) => callFrame.functionName)).toContain('sortWords');
    expect(samples).toHaveLength(timeDeltas.length);
    expect(samples.length).toBeGreaterThan(1);
  });

  test('the pieces of a profile are that profile', () => {
    expect(JSON.parse([...toPieces(profile)].join(''))).toEqual(profile);
    const long = {
      ...profile,
      samples: Array<number>(2_500).fill(2),
      timeDeltas: Array<number>(2_500).fill(1),
    };
    expect(JSON.parse([...toPieces(long)].join(''))).toEqual(long);
  });

  test('a function has the time from its sample to the next', () => {
    expect([...selfTimes(profile)]).toEqual([
      ['(root)', 2],
      ['busy', 3],
    ]);
  });
});

test('a client that leaves ends its profile: the next one need not wait for it', async () => {
  await using program = await Program.start({ WORKERS: '0' });
  await program.get('/demos/profiling/cpu?ms=50'); // everything is loaded
  const signal = AbortSignal.timeout(300);
  await expect(program.get('/demos/profiling/cpu?ms=10000', { signal })).rejects.toThrow();
  const startedAt = Date.now();

  const next = await program.get('/demos/profiling/cpu?ms=50&as=json');

  expect(next.status).toBe(200);
  expect(Date.now() - startedAt).toBeLessThan(7_000);
});

describe('profiling/heap-snapshot', () => {
  test('it holds the event loop for nearly as long as it takes', async () => {
    // In a process of its own: a snapshot of Jest's heap takes half a minute.
    await using program = await Program.start({ WORKERS: '1' });
    const response = await program.get('/demos/profiling/heap-snapshot?as=json', { method: 'POST' });
    const { result } = (await response.json()) as {
      result: { snapshotBytes: number; elapsedMs: number; eventLoopMaxDelayMs: number };
    };

    expect(result.snapshotBytes).toBeGreaterThan(1e6);
    expect(result.eventLoopMaxDelayMs).toBeGreaterThan(0.4 * result.elapsedMs);
  });

  test('it is refused where danger is off, and is no GET', async () => {
    await using careful = await createTestApp({ env: { DANGER: 'off' } });
    await careful.client.post('/demos/profiling/heap-snapshot').expect(403);
    await service.client.get('/demos/profiling/heap-snapshot').expect(405);
  });

  test('it is streamed as a file', async () => {
    await using program = await Program.start({ WORKERS: '1' });
    const response = await program.get('/demos/profiling/heap-snapshot', { method: 'POST' });
    const text = await response.text();
    expect(response.headers.get('content-disposition')).toMatch(/\.heapsnapshot"/);
    expect(text.slice(0, 20)).toBe('{"snapshot":{"meta":');
    expect(text.trimEnd().endsWith('}')).toBe(true);
  });
});

/** For supertest, which knows no text in a download. */
function collect(res: unknown, done: (error: Error | null, body: unknown) => void): void {
  const chunks: Buffer[] = [];
  const stream = res as NodeJS.ReadableStream;
  stream.on('data', (chunk: Buffer | string) => chunks.push(Buffer.from(chunk)));
  stream.on('end', () => done(null, Buffer.concat(chunks).toString()));
}
