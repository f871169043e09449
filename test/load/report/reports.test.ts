import { describe, expect, test } from '@jest/globals';
import { compareReports, describeMismatch } from '../compare.ts';
import { MAIN, PROBE, type Figures, type VariantRun } from '../scenario.ts';
import { summarize } from '../statistics.ts';
import { drawFigure, escape } from './draw-figure.ts';
import { renderPage } from './page.ts';
import { describeRun, type Report } from './report.ts';
import { createScale } from './scale.ts';
import { renderReport } from './table.ts';

function figures(p99: number, ok: number): Figures {
  const samples = Array.from({ length: ok }, () => ({ atS: 0, ms: p99, status: 200, lagMs: 0 }));
  return summarize(samples, 1);
}

function variant(name: string, p99: number, ok = 10): VariantRun {
  const streams = { [MAIN]: figures(p99, ok), [PROBE]: figures(1, 5) };
  const server = { peakRssBytes: 2e8, maxDelayMs: 12, cpuPercent: 97 };
  const phases = [
    { name: 'next to a rather greedy client', fromS: 0, toS: 1, streams, server },
    { name: 'alone', fromS: 1, toS: 2, streams, server: null },
  ];
  return { name, settings: { WORKERS: '1' }, phases, windows: {}, server: [], marks: [], notes: ['a note'] };
}

function report(p99: number, changes: Partial<Report> = {}): Report {
  return {
    format: 1,
    at: '2026-01-01T00:00:00.000Z',
    machine: 'a machine',
    busyBefore: 0.05,
    short: false,
    url: null,
    scenarios: [
      {
        name: 'block',
        title: 'A title with <b>brackets</b> & more',
        teaches: 'One thing. '.repeat(20),
        expects: 'A curve.',
        seen: 'Something was seen. '.repeat(12).trim(),
        lesson: {
          kind: 'curve',
          xLabel: 'requests',
          xUnit: 'count',
          yLabel: 'p99',
          unit: 'ms',
          logarithmic: true,
          series: [{ name: 'inline', points: [1, 2].map((x) => ({ x, y: x * p99 })) }],
        },
        verdicts: [
          { what: 'a ratio', measured: '3×', bound: 'at least 20×', holds: false },
          { what: 'a count', measured: '0', bound: 'at most 0', holds: true },
        ],
        variants: [variant('inline', p99), variant('thread-pool', 3)],
        seconds: 12,
        passed: false,
      },
    ],
    ...changes,
  };
}

describe('a comparison with an earlier report', () => {
  test('has the ratios of every phase', () => {
    const [first] = compareReports(report(100), report(50));
    expect(first).toMatchObject({
      scenario: 'block',
      variant: 'inline',
      p99: { before: 100, now: 50, ratio: 0.5 },
      goodput: { before: 10, now: 10, ratio: 1 },
    });
  });

  test('omits phases that the earlier report does not have', () => {
    expect(compareReports(report(1, { scenarios: [] }), report(1))).toEqual([]);
  });

  test('warns if the machine or the length of the run differs', () => {
    expect(describeMismatch(report(1), report(2))).toBeUndefined();
    expect(describeMismatch(report(1, { machine: 'another', short: true }), report(2))).toBe(
      'the earlier run used another machine (another), the earlier run was a short one',
    );
  });
});

describe('the tables', () => {
  test.each([80, 120])('fit into %i columns and keep every essential figure', (width) => {
    const text = renderReport(report(450), width, report(100));
    expect(text.split('\n').filter((line) => line.length > width)).toEqual([]);
    for (const word of ['variant', 'ok/s', 'p99', 'livez p99', 'FAIL  a ratio: 3×, at least 20×', 'a note']) {
      expect(text).toContain(word);
    }
    expect(text).toContain('0 of 1 scenarios passed');
    expect(text).toMatch(/p99 +ratio\n/);
    expect(text).toMatch(/100 ms → 450 ms +4\.5×/);
  });

  test('omit the memory column if the terminal is narrow', () => {
    expect(renderReport(report(450), 120)).toContain('memory');
    expect(renderReport(report(450), 60)).not.toContain('memory');
  });
});

describe('the page', () => {
  test('has no scripts, loads nothing, and escapes all texts', () => {
    const page = renderPage(report(450), report(100));
    expect(page).not.toMatch(/<script|<link|<img|<iframe|@import|url\(|src=/i);
    expect(page.match(/https?:\/\/[^"' ]+/g)?.every((url) => url.startsWith('http://www.w3.org/'))).toBe(
      true,
    );
    expect(page).not.toContain('<b>brackets');
    expect(page).toContain(escape('A title with <b>brackets</b> & more'));
  });
});

test('describeRun() warns if the machine was busy before the run', () => {
  expect(describeRun(report(1))).toBe('a machine.');
  expect(describeRun(report(1, { busyBefore: 0.8, short: true }))).toMatch(/short run.*80% busy before/);
});

describe('a scale of a chart', () => {
  const options = { from: 0, to: 100, unit: 'ms', room: 5 } as const;

  test('begins at 0 if it is linear', () => {
    const { at, ticks } = createScale({ ...options, values: [40, 100] });
    expect([0, 50, 100].map(at)).toEqual([0, 50, 100]);
    expect(ticks[0]).toEqual({ at: 0, text: '0 ms' });
  });

  test('uses equal distances for equal factors if it is logarithmic', () => {
    const { at } = createScale({ ...options, values: [1, 100], logarithmic: true });
    expect([1, 10, 100].map((value) => Math.round(at(value)))).toEqual([0, 50, 100]);
  });

  test.each([[[]], [[0]], [[0, 0]], [[5]], [[0.001]]])(
    'has finite positions and ticks for the values %j',
    (values) => {
      for (const logarithmic of [false, true]) {
        const { at, ticks } = createScale({ ...options, values, logarithmic });
        expect(ticks.length).toBeGreaterThan(1);
        expect([0, ...values].every((value) => Number.isFinite(at(value)))).toBe(true);
      }
    },
  );
});

test('drawFigure() draws valid coordinates without any points', () => {
  const svg = drawFigure(
    {
      title: 'nothing',
      x: { label: 'time', unit: 'seconds' },
      legend: [],
      panels: [{ label: 'p99', unit: 'ms', lines: [] }],
    },
    { width: 300, height: 100 },
  );
  expect(svg).not.toMatch(/NaN|Infinity/);
});
