import { parseArgs } from 'node:util';
import type { Fault } from './fault.ts';

export interface Order {
  readonly chosen: readonly Fault[];
  readonly short: boolean;
  /** Whether a fault that fails is injected once more. */
  readonly again: boolean;
  readonly json: boolean;
}

/** Words to print instead of a run. */
export interface Refusal {
  readonly text: string;
  readonly exitCode: number;
}

/** EX_USAGE of `sysexits.h`. */
const USAGE = 64;

/** @returns what to run, or what to say instead */
export function readCommandLine(args: readonly string[], known: readonly Fault[]): Order | Refusal {
  let parsed;
  try {
    parsed = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        json: { type: 'boolean', default: false },
        short: { type: 'boolean', default: false },
        again: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
  } catch (error) {
    const [sentence = ''] = (error as Error).message.split('. ', 1);
    return { text: `${sentence}. Try: npm run faults -- --help\n`, exitCode: USAGE };
  }
  const { values, positionals } = parsed;
  if (values.help) return { text: help(known), exitCode: 0 };
  const find = (word: string) => known.find(({ name }, index) => name === word || String(index + 1) === word);
  const unknown = positionals.filter((word) => find(word) === undefined);
  if (unknown.length > 0) {
    const names = known.map(({ name }) => name).join(', ');
    return { text: `There is no fault «${unknown.join('», «')}». There are: ${names}.\n`, exitCode: USAGE };
  }
  const found = positionals.map(find);
  const named = known.filter((fault) => found.includes(fault));
  const { short, again, json } = values;
  return { chosen: positionals.length === 0 ? known : named, short, again, json };
}

function help(known: readonly Fault[]): string {
  const rows = known.map(({ name }, index) => `  ${String(index + 1).padStart(2)}  ${name}\n`);
  return `npm run faults -- [names or numbers] [--short] [--again] [--json]

Injects faults into the real program, with traffic running, and prints a row for each; all of them unless some are
named. Exits with 1 if one fails.

  --short  fewer requests and rounds
  --again  one that fails is injected once more, and its row says so: for machines that others use as well
  --json   the rows as JSON

${rows.join('')}`;
}
