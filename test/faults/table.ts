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

/** A row a fault; below one that failed, what did not hold. */
export function renderTable(rows: readonly Row[]): string {
  const head = ['#', 'fault', 'expected', 'counted', 'result'];
  const cells = rows.map((row) => [String(row.number), row.name, row.expects, row.figure, word(row)]);
  const widths = head.map((_, column) =>
    Math.max(...[head, ...cells].map((row) => row[column]?.length ?? 0)),
  );
  const lines = [head, ...cells].map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  const failures = rows.flatMap(({ name, checks }) =>
    Object.entries(checks)
      .filter(([, holds]) => !holds)
      .map(([what]) => `${name}: does not hold: ${what}`),
  );
  const failed = rows.filter(({ passed }) => !passed).length;
  const seconds = Math.round(rows.reduce((sum, row) => sum + row.seconds, 0));
  const sum = `${rows.length - failed} of ${rows.length} passed in ${seconds} s.`;
  return [...lines, ...failures, sum, ''].join('\n');
}

function word({ passed }: Row): string {
  return passed ? 'pass' : 'FAIL';
}
