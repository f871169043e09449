/** Text for a terminal: wrapped lines and tables. Widths are columns on the screen: a wide character takes two. */
import stringWidth from 'string-width';

export interface TableColumn {
  readonly head: string;
  readonly cells: readonly string[];
  /** Defaults to `left`. */
  readonly align?: 'left' | 'right';
}

const GAP = '  ';

/** Breaks a text at spaces into lines of at most `width`, and words that are longer than a line wherever necessary. */
export function wrap(text: string, width: number): string[] {
  const words = text.split(/(?<= )/).flatMap((word) => splitWord(word, width));
  return fillLines(words, width);
}

/** The width of a table whose cells do not wrap. */
export function tableWidth(columns: readonly TableColumn[]): number {
  return columns.map(naturalWidth).reduce((sum, width) => sum + width + GAP.length, -GAP.length);
}

/**
 * Renders a table with a head. If it is too wide, the widest columns wrap, down to their longest word.
 *
 * @returns its lines; undefined if it does not fit
 */
export function renderTable(columns: readonly TableColumn[], width: number): string[] | undefined {
  const widths = fitColumns(columns, width);
  if (widths === undefined) return undefined;
  const rows = Math.max(0, ...columns.map(({ cells }) => cells.length));
  return [...Array(rows + 1).keys()].flatMap((row) => {
    const cells = columns.map(({ head, cells: texts }, column) =>
      fillLines(wordsOf(row === 0 ? head : (texts[row - 1] ?? '')), widths[column] ?? 0),
    );
    const height = Math.max(...cells.map(({ length }) => length));
    return Array.from({ length: height }, (_, line) =>
      columns
        .map(({ align }, column) => pad(cells[column]?.[line] ?? '', widths[column] ?? 0, align))
        .join(GAP)
        .trimEnd(),
    );
  });
}

/** Pads a text to a width, on the right unless it is aligned to the right. */
export function pad(text: string, width: number, align: TableColumn['align'] = 'left'): string {
  const spaces = ' '.repeat(Math.max(0, width - stringWidth(text)));
  return align === 'right' ? spaces + text : text + spaces;
}

/** Shortens a text to a width, with an ellipsis. */
export function truncate(text: string, width: number): string {
  return stringWidth(text) <= width ? text : `${splitWord(text, Math.max(1, width - 1))[0] ?? ''}…`;
}

function naturalWidth({ head, cells }: TableColumn): number {
  return Math.max(0, ...[head, ...cells].map((text) => stringWidth(text)));
}

function fitColumns(columns: readonly TableColumn[], room: number): number[] | undefined {
  const widths = columns.map(naturalWidth);
  const smallest = columns.map(({ head, cells }) =>
    Math.max(0, ...[head, ...cells].flatMap(wordsOf).map((word) => stringWidth(word.trimEnd()))),
  );
  for (let excess = tableWidth(columns) - room; excess > 0; excess -= 1) {
    const shrinkable = widths.map((width, column) => (width > (smallest[column] ?? 0) ? width : 0));
    const widest = Math.max(...shrinkable);
    if (widest === 0) return undefined;
    widths[shrinkable.indexOf(widest)] = widest - 1;
  }
  return widths;
}

/** Where a cell may be wrapped: after a space, and before a capital letter of a camel-case name. */
function wordsOf(text: string): string[] {
  return text.split(/(?<= )|(?<=[a-z])(?=[A-Z])/);
}

function splitWord(word: string, width: number): string[] {
  if (stringWidth(word.trimEnd()) <= width) return [word];
  const parts = [''];
  for (const character of word) {
    const part = parts.at(-1) ?? '';
    if (stringWidth(part + character) <= width || part === '') parts[parts.length - 1] = part + character;
    else parts.push(character);
  }
  return parts;
}

/** Joins words to lines, as many to each as fit. */
function fillLines(words: readonly string[], width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of words) {
    if (line !== '' && stringWidth(line) + stringWidth(word.trimEnd()) > width) {
      lines.push(line.trimEnd());
      line = '';
    }
    line += word;
  }
  return [...lines, line.trimEnd()];
}
