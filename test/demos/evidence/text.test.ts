import { describe, expect, test } from '@jest/globals';
import type { Answer } from '../../../src/demos/evidence/answer.ts';
import { renderText } from '../../../src/demos/evidence/text.ts';

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
        said: 'several words in a cell that has not the room for all of them',
        countOfBytes: 1_000,
      },
      { name: 'two', said: 'a word', countOfBytes: 20 },
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
  lesson:
    'What was observed in this run, said in a sentence that is longer than one line of a terminal is wide.',
  compareWith: ['/demos/probe/other?way=a'],
};

describe('text form', () => {
  const lines = renderText(answer, 'localhost:3000').split('\n');
  const line = (start: string) => lines.find((text) => text.trim().startsWith(start)) ?? '';

  test('has no line over 80 columns, and none that ends in blanks', () => {
    for (const text of lines) {
      expect(text.length).toBeLessThanOrEqual(80);
      expect(text).toBe(text.trimEnd());
    }
  });

  test('shows figures with the unit that their name carries', () => {
    expect(line('meanMs')).toContain('250 µs');
    expect(line('sizeBytes')).toContain('2.5 MB');
    expect(line('nothing')).toContain('none');
    expect(line('list')).toContain('a, b');
  });

  test('aligns tables: numbers right, words left', () => {
    const [head = '', first = '', second = ''] = lines.slice(lines.indexOf('  rows') + 1);
    expect(head.indexOf('waitMs') + 'waitMs'.length).toBe(first.indexOf('1.5 ms') + '1.5 ms'.length);
    expect(first.indexOf('1.5 ms') + '1.5 ms'.length).toBe(second.indexOf('250 ms') + '250 ms'.length);
  });

  test('breaks cells of a wide table between words, and figures never', () => {
    expect(lines.slice(lines.indexOf('  wide') + 1, lines.indexOf('  wider'))).toEqual([
      '    name  said                                                      countOfBytes',
      '    one   several words in a cell that has not the room for all of        1.0 kB',
      '          them',
      '    two   a word                                                            20 B',
    ]);
  });

  test('writes a table that no breaking makes fit as one block a row', () => {
    expect(line('alpha')).toContain('y'.repeat(60));
    expect(line('omega')).toContain('z'.repeat(60));
  });

  test('gives a label its room and cuts only a longer one', () => {
    const label = (length: number) =>
      renderText(
        {
          ...answer,
          timeline: [{ label: 'l'.repeat(length), lane: 'l'.repeat(length), startMs: 0, endMs: 1 }],
        },
        '',
      );

    expect(label(36)).toContain(`  ${'l'.repeat(36)}  █`);
    expect(label(37)).toContain(`  ${'l'.repeat(35)}…  █`);
  });

  test('draws spans where they lie: the second bar begins where the first ends', () => {
    const early = line('one  early');
    const late = line('two  late');
    expect(late.indexOf('█')).toBeGreaterThanOrEqual(early.lastIndexOf('█'));
    expect(late.indexOf('█') - early.lastIndexOf('█')).toBeLessThanOrEqual(2);
  });

  test.each([29, 90, 97, 98, 99, 300])('a name of %i characters leaves room for values', (length) => {
    const name = 'n'.repeat(length);
    const [, shown = ''] = renderText({ ...answer, result: { [name]: 'some words', b: 1 } }, '').split(
      'RESULT\n',
    );

    expect(shown.replaceAll(/\n\s*/g, '\n').replace(/(?<=n)\n(?=n)/g, '')).toMatch(
      `${name}\nsome words\nb  1\n`,
    );
  });

  test('values have room however deep they lie', () => {
    const deep = Array.from({ length: 100 }).reduce<unknown>((inner) => ({ a: inner }), { a: 'some words' });

    expect(renderText({ ...answer, result: deep }, '')).toMatch(/a {2}some words\n/);
  });

  test('hands no control character to the terminal, from wherever it comes', () => {
    const every = Array.from({ length: 0xa0 }, (_, code) => String.fromCharCode(code)).join('');
    const text = renderText(
      {
        ...answer,
        demo: `probe${every}`,
        result: { [every]: every, list: [every], rows: [{ [every]: every }], [`more${every}`]: { a: {} } },
        timeline: [{ label: every, lane: `lane${every}`, startMs: 0, endMs: 1 }],
        lesson: `It was ${every}.`,
        compareWith: [every],
      },
      every,
    );

    expect(text.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
    expect(renderText({ ...answer, result: { 'a\nb\u009b': '\u001b[31mred\u007f\n' } }, '')).toContain(
      '  a⏎b\\u009b  \\u001b[31mred\\u007f⏎\n',
    );
  });

  test('says how many spans are not drawn, whoever left them out', () => {
    const many = Array.from({ length: 45 }, (_, at) => ({
      label: 'x',
      lane: 'x',
      startMs: at,
      endMs: at + 1,
    }));

    expect(renderText({ ...answer, timeline: many }, '').split('\n')).toContain('  … and 5 more');
    expect(renderText({ ...answer, timeline: many, moreSpans: 7 }, '').split('\n')).toContain(
      '  … and 12 more',
    );
    expect(renderText({ ...answer, moreSpans: 7 }, '').split('\n')).toContain('  … and 7 more');
    expect(renderText(answer, '')).not.toContain('more');
  });

  test('contrasts are lines to paste, whole however long', () => {
    const path = `/demos/probe/${'other'.repeat(30)}`;

    expect(renderText({ ...answer, compareWith: [path] }, 'host')).toContain(
      `  curl -s 'host${path}?as=text'\n`,
    );
    expect(lines).toContain("  curl -s 'localhost:3000/demos/probe/other?way=a&as=text'");
  });
});
