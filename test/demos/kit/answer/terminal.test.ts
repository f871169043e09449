import { describe, expect, test } from '@jest/globals';
import stringWidth from 'string-width';
import type { Answer } from '../../../../src/demos/kit/answer/answer.ts';
import { renderText } from '../../../../src/demos/kit/answer/terminal.ts';

const answer: Answer = {
  demo: 'probe/text',
  ranOn: { pid: 1, worker: 2, threadId: 0, node: 'v24.0.0' },
  result: {
    count: 3,
    meanMs: 0.25,
    sizeBytes: 2_500_000,
    nothing: null,
    list: ['a', 'b'],
    rows: [
      { name: 'first', waitMs: 1.5 },
      { name: 'second one', waitMs: 250 },
    ],
    long: 'word '.repeat(60).trim(),
    unbroken: 'x'.repeat(300),
    wide: [
      {
        name: 'one',
        text: 'several words in a cell that does not have the room for all of them',
        countOfBytes: 1_000,
      },
      { name: 'two', text: 'a word', countOfBytes: 20 },
    ],
    wider: [{ alpha: 'y'.repeat(60), omega: 'z'.repeat(60) }],
  },
  timeline: [
    { label: 'early', lane: 'one', startMs: 0, endMs: 50 },
    { label: 'late', lane: 'two', startMs: 50, endMs: 100 },
  ],
  cost: {
    elapsedMs: 100,
    cpuMs: 12,
    eventLoop: { utilization: 0.5, maxDelayMs: 3 },
    rssDeltaBytes: -1_000_000,
  },
  lesson: {
    headline: 'The one thing to remember',
    text: 'What this run shows, in a paragraph that is longer than a line of a terminal, so that it has to wrap.',
  },
  compareWith: ["curl -s 'localhost:3000/demos/probe/other?way=a&as=text'"],
};

describe('a response as text', () => {
  const lines = renderText(answer).split('\n');
  const line = (start: string) => lines.find((text) => text.trim().startsWith(start)) ?? '';

  test('has no line over 80 columns, and no trailing spaces', () => {
    for (const text of lines) {
      expect(text.length).toBeLessThanOrEqual(80);
      expect(text).toBe(text.trimEnd());
    }
  });

  test('shows figures with the unit in their name', () => {
    expect(line('meanMs')).toContain('250 µs');
    expect(line('sizeBytes')).toContain('2.5 MB');
    expect(line('nothing')).toContain('none');
    expect(line('list')).toContain('a, b');
  });

  test('aligns the numbers of a table to the right', () => {
    const [head = '', first = '', second = ''] = lines.slice(lines.indexOf('  rows') + 1);
    expect(head.indexOf('waitMs') + 'waitMs'.length).toBe(first.indexOf('1.5 ms') + '1.5 ms'.length);
    expect(first.indexOf('1.5 ms') + '1.5 ms'.length).toBe(second.indexOf('250 ms') + '250 ms'.length);
  });

  test('wraps the cells of a wide table between words, but never a figure and its unit', () => {
    expect(lines.slice(lines.indexOf('  wide') + 1, lines.indexOf('  wider'))).toEqual([
      '    name  text                                                      countOfBytes',
      '    one   several words in a cell that does not have the room for         1.0 kB',
      '          all of them',
      '    two   a word                                                            20 B',
    ]);
  });

  test('shows the headline of the lesson above its text', () => {
    expect(lines.slice(lines.indexOf('LESSON') + 1, lines.indexOf('COMPARE WITH') - 1)).toEqual([
      '  The one thing to remember',
      '',
      '  What this run shows, in a paragraph that is longer than a line of a terminal,',
      '  so that it has to wrap.',
    ]);
  });

  test.each(['漢', '👩‍🚀'])('keeps its width and its columns with wide characters such as %s', (wide) => {
    const text = renderText({
      ...answer,
      result: {
        value: wide.repeat(100),
        list: Array.from({ length: 50 }, () => wide),
        rows: [
          { name: wide.repeat(20), waitMs: 1.5 },
          { name: 'ascii', waitMs: 250 },
          { name: `${wide.repeat(10)} `.repeat(4), waitMs: 3 },
        ],
      },
      timeline: [
        { label: wide.repeat(60), lane: 'one', startMs: 0, endMs: 50 },
        { label: 'ascii', lane: 'two', startMs: 50, endMs: 100 },
      ],
      lesson: { headline: wide.repeat(60), text: `${wide.repeat(10)} `.repeat(9) },
    });
    const shown = text.split('\n');
    const widthsOf = (some: readonly string[]) => some.map((each) => stringWidth(each));
    const rows = shown.slice(shown.indexOf('  rows') + 1, shown.indexOf('TIMELINE'));
    const withFigure = rows.filter((row) => /(?:waitMs|ms)$/.test(row));
    const withBar = shown.filter((row) => row.includes('█'));

    expect(Math.max(...widthsOf(shown.filter((each) => !each.includes('curl'))))).toBeLessThanOrEqual(80);
    expect(withFigure).toHaveLength(4);
    expect(new Set(widthsOf(withFigure)).size).toBe(1);
    expect(widthsOf(withBar)).toEqual([80, 80]);
  });

  test('renders each row as a block if the table does not fit', () => {
    expect(line('alpha')).toContain('y'.repeat(60));
    expect(line('omega')).toContain('z'.repeat(60));
  });

  test('truncates labels over 36 columns', () => {
    const label = (length: number) =>
      renderText({
        ...answer,
        timeline: [{ label: 'l'.repeat(length), lane: 'l'.repeat(length), startMs: 0, endMs: 1 }],
      });

    expect(label(36)).toContain(`  ${'l'.repeat(36)}  █`);
    expect(label(37)).toContain(`  ${'l'.repeat(35)}…  █`);
  });

  test('draws bars to scale: the second starts where the first ends', () => {
    const early = line('one  early');
    const late = line('two  late');
    expect(late.indexOf('█')).toBeGreaterThanOrEqual(early.lastIndexOf('█'));
    expect(late.indexOf('█') - early.lastIndexOf('█')).toBeLessThanOrEqual(2);
  });

  test.each([29, 90, 97, 98, 99, 300])('leaves room for values next to a name of %i characters', (length) => {
    const name = 'n'.repeat(length);
    const [, shown = ''] = renderText({ ...answer, result: { [name]: 'some words', b: 1 } }).split(
      'RESULT\n',
    );

    expect(shown.replaceAll(/\n\s*/g, '\n').replace(/(?<=n)\n(?=n)/g, '')).toMatch(
      `${name}\nsome words\nb  1\n`,
    );
  });

  test('leaves room for deeply nested values', () => {
    const deep = Array.from({ length: 100 }).reduce<unknown>((inner) => ({ a: inner }), { a: 'some words' });

    expect(renderText({ ...answer, result: deep })).toMatch(/a {2}some words\n/);
  });

  test('escapes control characters, wherever they come from', () => {
    const every = Array.from({ length: 0xa0 }, (_, code) => String.fromCharCode(code)).join('');
    const text = renderText({
      ...answer,
      demo: `probe${every}`,
      result: { [every]: every, list: [every], rows: [{ [every]: every }], [`more${every}`]: { a: {} } },
      timeline: [{ label: every, lane: `lane${every}`, startMs: 0, endMs: 1 }],
      lesson: { headline: every, text: `It was ${every}.` },
      compareWith: [every],
    });

    expect(text.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
    expect(renderText({ ...answer, result: { 'a\nb\u009b': '\u001b[31mred\u007f\n' } })).toContain(
      '  a⏎b\\u009b  \\u001b[31mred\\u007f⏎\n',
    );
  });

  test('counts the spans that are not drawn', () => {
    const many = Array.from({ length: 45 }, (_, at) => ({
      label: 'x',
      lane: 'x',
      startMs: at,
      endMs: at + 1,
    }));

    expect(renderText({ ...answer, timeline: many }).split('\n')).toContain('  … and 5 more');
    expect(renderText({ ...answer, timeline: many, moreSpans: 7 }).split('\n')).toContain('  … and 12 more');
    expect(renderText({ ...answer, moreSpans: 7 }).split('\n')).toContain('  … and 7 more');
    expect(renderText(answer)).not.toContain('more');
  });

  test('never breaks the commands of contrasts', () => {
    const command = `curl -s 'host/demos/probe/${'other'.repeat(30)}?as=text'`;

    expect(renderText({ ...answer, compareWith: [command] })).toContain(`  ${command}\n`);
    expect(lines).toContain("  curl -s 'localhost:3000/demos/probe/other?way=a&as=text'");
  });

  test('shows the use of the event loop only if the demo took long enough, and others that ran', () => {
    const costLines = (cost: Partial<Answer['cost']>) => {
      const shown = renderText({ ...answer, cost: { ...answer.cost, ...cost } }).split('\n');
      return shown.slice(shown.indexOf('COST') + 1, shown.indexOf('LESSON') - 1);
    };

    expect(costLines({})).toHaveLength(2);
    expect(costLines({ elapsedMs: 19 })).toHaveLength(1);
    expect(costLines({ shared: 2 })[2]).toBe('  not alone: the figures include 2 other demos of this worker');
  });
});
