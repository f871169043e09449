/** What the page shows, without a browser. */
import { describe, expect, test } from '@jest/globals';
import type { SupervisionEvent, WorkerView } from '../../src/supervision/supervision.ts';
import { describeEvent } from '../../src/web/client/cluster/event-text.ts';
import { WorkerHistory } from '../../src/web/client/cluster/worker-history.ts';
import { Catalog, shortPath } from '../../src/web/client/demos/catalog.ts';
import { bytes, digits, duration, figure, label, ms, toText } from '../../src/web/client/dom/format.ts';
import type { PageFeature } from '../../src/web/page-data.ts';

describe('figures', () => {
  test.each([
    ['peakMemoryBytes', 4_750_000, '4.75 MB'],
    ['bytesPerSecond', 51_500_000, '51.5 MB/s'],
    ['firstByteMs', 12.345, '12.3 ms'],
    ['lastByteMs', 12_345, '12.3 s'],
    ['utilization', 0.987, '98.7%'],
    ['primes', 142_337, '142,337'],
    ['pid', 23_308, '23308'],
    ['uptimeS', 3, '3 s'],
  ])('%s of %d is shown as %s', (name, value, expected) => {
    expect(toText(figure(name, value))).toBe(expected);
  });

  test('are labeled with their name, without the unit', () => {
    expect(['peakMemoryBytes', 'bytesPerSecond', 'firstByteMs', 'ms'].map(label)).toEqual([
      'peak memory',
      'bytes rate',
      'first byte',
      'ms',
    ]);
  });

  test('have about three significant digits', () => {
    expect([0, 0.0123, 1.5, 12.34, 1234.5].map(digits)).toEqual(['0', '0.012', '1.50', '12.3', '1,235']);
    expect([toText(bytes(999)), toText(ms(0.5)), duration(59), duration(61), duration(7_300)]).toEqual([
      '999 B',
      '0.50 ms',
      '59 s',
      '1 min',
      '2 h 1 min',
    ]);
  });
});

describe('the history of a slot', () => {
  const worker = (id: number, total: number, silentMs = 0) =>
    ({
      id,
      slot: 0,
      silentMs,
      report: { requests: { total }, vitals: { eventLoop: {} } },
    }) as unknown as WorkerView;

  test('measures requests per second between heartbeats, however often it is sampled', () => {
    const history = new WorkerHistory();
    history.add(worker(1, 100), 0);
    history.add(worker(1, 110), 1_000);
    history.add(worker(1, 110, 1_000), 2_000);
    history.add(worker(1, 140), 3_000);
    expect(history.samples.map(({ rate }) => rate)).toEqual([undefined, 10, 10, 15]);
  });

  test('marks a replaced worker, and has no values while the worker is silent', () => {
    const history = new WorkerHistory();
    history.add(worker(1, 100), 0);
    history.add(worker(1, 100, 9_000), 9_000);
    history.add(undefined, 10_000);
    history.add(worker(2, 0), 11_000);
    expect(history.samples.map(({ replaced }) => replaced)).toEqual([false, false, false, true]);
    expect(history.samples[1]?.utilization).toBeUndefined();
  });
});

test('the search finds titles, summaries and terms, and prefers the route with that name', () => {
  const named = (path: string, summary = '') => ({
    method: 'GET',
    path: `/demos/things${path}`,
    title: 'Use a thing',
    summary,
  });
  const feature = {
    id: 'things',
    kind: 'demo',
    title: 'Things',
    terms: ['hidden class'],
    routes: [named('/one', 'Mentions a block.'), named('/unblock'), named('/block')],
  } as unknown as PageFeature;
  const catalog = new Catalog({ name: '', version: '', features: [feature] });
  const paths = (words: string) => catalog.search(words).map(shortPath);
  expect(paths('block')).toEqual(['/one', '/unblock', '/block']);
  expect(paths('things mentions')).toEqual(['/one']);
  expect(paths('use hidden')).toHaveLength(3);
  expect(['block', 'unbl', 'mentions', 'nothing'].map((words) => catalog.best(words)?.route.path)).toEqual([
    '/demos/things/block',
    '/demos/things/unblock',
    '/demos/things/one',
    undefined,
  ]);
});

test.each<[Omit<SupervisionEvent, 'at'>, object]>([
  [
    { event: 'replaced', worker: 4, replacedWorker: 2, workerPid: 7, afterMs: 512 },
    { tone: 'good', what: 'Worker 4 replaced worker 2', details: 'pid 7 · after 512 ms' },
  ],
  [
    { event: 'crashed', worker: 2, workerPid: 5, code: 80, signal: null },
    { tone: 'bad', what: 'Worker 2 crashed', details: 'pid 5 · code 80' },
  ],
])('an event is shown as a sentence in the words of the log: %j', (event, expected) => {
  expect(describeEvent({ ...event, at: '' })).toEqual(expected);
});
