import type { Row } from './fault.ts';

/** Says what is going on: over one line on a terminal, else only what is done, a line each. */
export class Progress {
  readonly #out: NodeJS.WriteStream;

  constructor(out: NodeJS.WriteStream) {
    this.#out = out;
  }

  show(text: string): void {
    if (this.#out.isTTY) this.#out.write(`\r\u001b[K${text.slice(0, this.#out.columns - 1)}`);
  }

  done(row: Row): void {
    this.end();
    this.#out.write(`${word(row)} ${row.number} ${row.name} (${row.seconds} s): ${row.figure}\n`);
  }

  end(): void {
    if (this.#out.isTTY) this.#out.write('\r\u001b[K');
  }
}

const GAP = 2;

/**
 * A row a fault, its cells folded so that it fits; below the table what did not hold, and the counts.
 *
 * @param width columns of the screen, at least 80
 */
export function renderTable(rows: readonly Row[], width: number): string {
  const cells = [
    ['#', 'fault', 'expected', 'counted', 'result'],
    ...rows.map((row) => [String(row.number), row.name, row.expects, row.figure, word(row)]),
  ];
  const longest = (column: number) => Math.max(...cells.map((row) => row[column]?.length ?? 0));
  const room = Math.max(width, 80) - longest(0) - longest(1) - longest(4) - 4 * GAP;
  const expected = Math.min(longest(2), Math.floor(room * 0.42));
  const counted = Math.min(longest(3), room - expected);
  const widths = [longest(0), longest(1), expected, counted, longest(4)];
  const failures = rows.flatMap(({ name, checks }) =>
    Object.entries(checks)
      .filter(([, holds]) => !holds)
      .map(([what]) => `${name}: does not hold: ${what}`),
  );
  return [...cells.flatMap((row) => renderRow(row, widths)), ...failures, sum(rows), ''].join('\n');
}

function renderRow(row: readonly string[], widths: readonly number[]): string[] {
  const folded = row.map((cell, column) => fold(cell, widths[column] ?? 0));
  const height = Math.max(...folded.map(({ length }) => length));
  return Array.from({ length: height }, (_, line) =>
    folded
      .map((lines, column) => (lines[line] ?? '').padEnd(widths[column] ?? 0))
      .join(' '.repeat(GAP))
      .trimEnd(),
  );
}

/** Lines of at most so many characters, cut between words where there are any. */
function fold(text: string, width: number): string[] {
  const lines = [''];
  for (let rest of text.split(/\s+/)) {
    const last = lines.at(-1) ?? '';
    if (last !== '' && last.length + 1 + rest.length <= width) {
      lines[lines.length - 1] = `${last} ${rest}`;
      continue;
    }
    if (last === '') lines.pop();
    for (; rest.length > width; rest = rest.slice(width)) lines.push(rest.slice(0, width));
    lines.push(rest);
  }
  return lines;
}

function sum(rows: readonly Row[]): string {
  const failed = rows.filter(({ passed }) => !passed).length;
  const seconds = Math.round(rows.reduce((all, row) => all + row.seconds, 0));
  return `Faults: ${failed > 0 ? `${failed} failed, ` : ''}${rows.length - failed} passed, ${rows.length} total in ${seconds} s`;
}

function word({ passed }: Row): string {
  return passed ? 'pass' : 'FAIL';
}
