/** What the page shows, without a browser. */
import { describe, expect, test } from '@jest/globals';
import type { SupervisionEvent, WorkerView } from '../../src/supervision/supervision.ts';
import { describeEvent } from '../../src/web/client/cluster/event-text.ts';
import { WorkerHistory } from '../../src/web/client/cluster/worker-history.ts';
import { listBySelf, toFrames } from '../../src/web/client/response/call-tree.ts';
import { fileName } from '../../src/web/client/response/file-name.ts';
import {
  concludeBlock,
  concludeKill,
  concludeReload,
  findReplacement,
} from '../../src/web/client/tours/verdicts.ts';
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

describe('a CPU profile', () => {
  const frame = (id: number, functionName: string, children: number[] = []) => ({
    id,
    children,
    callFrame: { functionName, url: 'file:///app/work.ts', lineNumber: 4 },
  });
  const profile = {
    nodes: [
      frame(1, '(root)', [2, 5]),
      frame(2, 'run', [3, 4]),
      frame(3, 'parse'),
      frame(4, 'sort'),
      frame(5, '(idle)'),
    ],
    samples: [3, 4, 4, 2, 5],
    timeDeltas: [1_000, 2_000, 3_000, 500, 90_000],
  };

  test('becomes a tree of the time in each function and in what it called, without idle time', () => {
    const root = toFrames(profile);
    expect(root.totalMs).toBe(6.5);
    expect(root.children).toMatchObject([
      {
        name: 'run',
        source: 'work.ts:5',
        selfMs: 0.5,
        totalMs: 6.5,
        children: [
          { name: 'sort', totalMs: 5 },
          { name: 'parse', totalMs: 1 },
        ],
      },
    ]);
  });

  test('lists functions by the time in themselves', () => {
    expect(listBySelf(toFrames(profile)).map(({ name, selfMs }) => [name, selfMs])).toEqual([
      ['sort', 5],
      ['parse', 1],
      ['run', 0.5],
    ]);
  });
});

describe('the verdict of a tour', () => {
  const outcomes = { sent: 120, failed: 0, shed: 0, unsent: 0 };
  const impact = { workMs: 1_000, healthSlowestMs: 1_005, timerTicks: 0, timerExpectedTicks: 200 };

  test('about a blocked event loop is open if the waits are alike', () => {
    const page = { requests: 3, slowestMs: 990 };
    const shown = concludeBlock(impact, { ...impact, healthSlowestMs: 10 }, page);
    expect(shown).toMatchObject({ tone: 'shown', headline: expect.stringContaining('101×') });
    expect(shown.text).toContain('3 requests of this page reached that worker in that second');
    expect(concludeBlock(impact, { ...impact, healthSlowestMs: 900 }, page).tone).toBe('open');
  });

  test('about a killed worker names its replacement, or that there is none', () => {
    const events = [
      { at: '', event: 'replaced', worker: 4, replacedWorker: 2, afterMs: 900 },
    ] as SupervisionEvent[];
    expect(findReplacement(events, 3)).toBeUndefined();
    expect(concludeKill(2, findReplacement(events, 2), 30, outcomes)).toMatchObject({
      tone: 'shown',
      headline: 'Worker 4 replaced worker 2 after 900 ms',
    });
    expect(concludeKill(2, undefined, 0, outcomes).tone).toBe('open');
  });

  test('about a reload is that of its failed requests, and what was not sent is said', () => {
    const end = { at: '', event: 'reload-finished', replaced: 2, durationMs: 3_000 } as SupervisionEvent;
    expect(concludeReload(end, outcomes)).toMatchObject({
      tone: 'shown',
      headline: '2 workers replaced in 3,000 ms, 0 of 120 requests failed',
    });
    expect(concludeReload(end, { ...outcomes, failed: 1 }).tone).toBe('not-shown');
    expect(concludeReload({ ...end, event: 'reload-failed', reason: 'no' }, outcomes).tone).toBe('open');
    expect(concludeReload(undefined, outcomes).tone).toBe('open');
    expect(concludeReload(end, { ...outcomes, unsent: 1, shed: 2 }).text).toMatch(
      /2 requests were shed.*1 request was not sent/,
    );
  });
});

test.each([
  ['application/json; charset=utf-8', 'rows.json'],
  ['application/x-ndjson', 'rows.txt'],
  ['text/csv', 'rows.txt'],
  ['application/octet-stream', 'rows.bin'],
])('a response of the type %s is saved as %s', (type, name) => {
  expect(fileName(new Headers({ 'content-type': type }), '/demos/rows?n=1')).toBe(name);
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
  expect(paths('block')).toEqual(['/one', '/block']);
  // At the beginning of a word only: "sse" is not in "classes".
  expect(paths('lock')).toEqual([]);
  expect(paths('hiddenclass')).toHaveLength(3);
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
