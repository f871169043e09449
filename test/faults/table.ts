import { renderTable, truncate } from '../../src/shared/text-table.ts';
import type { Row } from './fault.ts';

/** Shows progress: in one line that is overwritten on a terminal, otherwise a line per completed fault. */
export class Progress {
  readonly #out: NodeJS.WriteStream;

  constructor(out: NodeJS.WriteStream) {
    this.#out = out;
  }

  show(text: string): void {
    if (this.#out.isTTY) this.#out.write(`\r\u001b[K${truncate(text, this.#out.columns - 1)}`);
  }

  done(row: Row): void {
    this.end();
    const failed = failedChecks(row).map((check) => `failed: ${check}; `);
    const name = `${verdict(row)} ${row.number} ${row.name} (${row.seconds} s)`;
    this.#out.write(`${name}: ${failed.join('')}${row.figure}\n`);
  }

  end(): void {
    if (this.#out.isTTY) this.#out.write('\r\u001b[K');
  }
}

/**
 * A row per fault; below the table the checks that failed, and the counts.
 *
 * @param width columns of the terminal; at least 80 are used
 * @param seconds the time of the whole run
 */
export function renderReport(rows: readonly Row[], width: number, seconds: number): string {
  const table = renderTable(
    [
      { head: '#', cells: rows.map(({ number }) => String(number)), align: 'right' },
      { head: 'fault', cells: rows.map(({ name }) => name) },
      { head: 'expected', cells: rows.map(({ expects }) => expects) },
      { head: 'counted', cells: rows.map(({ figure }) => figure) },
      { head: 'result', cells: rows.map(verdict) },
    ],
    Math.max(width, 80),
  );
  const failures = rows.flatMap((row) => failedChecks(row).map((check) => `${row.name}: failed: ${check}`));
  return [
    ...(table ?? rows.map((row) => `${verdict(row)} ${row.name}: ${row.figure}`)),
    ...failures,
    sum(rows, seconds),
    '',
  ].join('\n');
}

function failedChecks({ checks }: Row): string[] {
  return Object.entries(checks).flatMap(([check, holds]) => (holds ? [] : [check]));
}

function sum(rows: readonly Row[], seconds: number): string {
  const failed = rows.filter(({ passed }) => !passed).length;
  return `Faults: ${failed > 0 ? `${failed} failed, ` : ''}${rows.length - failed} passed, ${rows.length} total in ${seconds} s`;
}

function verdict({ passed }: Row): string {
  return passed ? 'pass' : 'FAIL';
}
