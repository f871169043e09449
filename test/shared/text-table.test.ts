import { describe, expect, test } from '@jest/globals';
import stringWidth from 'string-width';
import { pad, renderTable, tableWidth, truncate, wrap } from '../../src/shared/text-table.ts';

describe('wrap()', () => {
  test('breaks a text at spaces', () => {
    expect(wrap('one two three four', 9)).toEqual(['one two', 'three', 'four']);
  });

  test('returns one empty line for an empty text', () => {
    expect(wrap('', 10)).toEqual(['']);
  });

  test('breaks a word that is longer than a line', () => {
    expect(wrap(`a ${'b'.repeat(7)} c`, 3)).toEqual(['a', 'bbb', 'bbb', 'b c']);
  });

  test.each(['漢', '👍', '👩‍🚀', 'e\u0301'])(
    'breaks by columns, and never within a character such as %s',
    (character) => {
      const lines = wrap(character.repeat(25), 9);

      expect(lines.join('')).toBe(character.repeat(25));
      for (const line of lines) expect(stringWidth(line)).toBeLessThanOrEqual(9);
    },
  );
});

describe('pad() and truncate()', () => {
  test('pad to a width, on the right or on the left', () => {
    expect([pad('ab', 4), pad('ab', 4, 'right')]).toEqual(['ab  ', '  ab']);
    expect(pad('abcde', 4)).toBe('abcde');
  });

  test('shorten with an ellipsis', () => {
    expect([truncate('abcd', 4), truncate('abcde', 4)]).toEqual(['abcd', 'abc…']);
  });

  test('count a wide character as two columns', () => {
    expect(pad('漢', 4)).toBe('漢  ');
    expect(truncate('漢字漢字', 6)).toBe('漢字…');
  });
});

describe('renderTable()', () => {
  test('aligns columns, whose cells may have wide characters', () => {
    const columns = [
      { head: 'name', cells: ['漢字', 'second'] },
      { head: 'ms', cells: ['1', '250'], align: 'right' },
    ] as const;

    expect(renderTable(columns, 80)).toEqual(['name     ms', '漢字      1', 'second  250']);
  });

  test('shrinks the widest column first, and wraps its cells', () => {
    const columns = [
      { head: 'a', cells: ['one'] },
      { head: 'b', cells: ['several words in a cell'] },
    ];

    expect(renderTable(columns, 19)).toEqual(['a    b', 'one  several words', '     in a cell']);
  });

  test('wraps a camel-case head before a capital letter', () => {
    expect(renderTable([{ head: 'countOfBytes', cells: ['1'] }], 8)).toEqual(['countOf', 'Bytes', '1']);
  });

  test('fills missing cells of a shorter column', () => {
    const columns = [
      { head: 'a', cells: ['1', '2'] },
      { head: 'b', cells: ['3'] },
    ];

    expect(renderTable(columns, 80)).toEqual(['a  b', '1  3', '2']);
  });

  test('returns undefined if a word does not fit', () => {
    expect(renderTable([{ head: 'a', cells: ['x'.repeat(11)] }], 10)).toBeUndefined();
  });
});

test('tableWidth() returns the width of a table that does not wrap', () => {
  const columns = [
    { head: 'name', cells: ['漢字漢字'] },
    { head: 'ms', cells: ['1'] },
  ];

  expect(tableWidth(columns)).toBe('漢字漢字'.length * 2 + 2 + 'ms'.length);
});
