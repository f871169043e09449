import { parseArgs } from 'node:util';
import type { Fault } from './fault.ts';

export interface Arguments {
  readonly chosen: readonly Fault[];
  readonly short: boolean;
  /** Whether a failed fault is retried once. */
  readonly again: boolean;
  /** Whether two faults may run at a time. */
  readonly pairs: boolean;
  readonly json: boolean;
  readonly help: boolean;
}

/** An invalid command line; the message is one sentence that says how to correct it. */
export class UsageError extends Error {}

const options = {
  short: { type: 'boolean', default: false },
  again: { type: 'boolean', default: false },
  pairs: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

/** @throws {UsageError} if an argument is invalid */
export function readArguments(args: readonly string[], known: readonly Fault[]): Arguments {
  const { values, positionals } = parse(args);
  const find = (word: string) => known.find(({ name }, index) => name === word || String(index + 1) === word);
  const unknown = positionals.filter((word) => find(word) === undefined);
  if (unknown.length > 0) {
    const names = known.map(({ name }) => name).join(', ');
    throw new UsageError(`Unknown fault "${unknown.join('", "')}": choose from ${names}.`);
  }
  const named = positionals.map(find);
  return { ...values, chosen: named.length === 0 ? known : known.filter((fault) => named.includes(fault)) };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], allowPositionals: true, options });
  } catch (error) {
    const [problem = ''] = (error as Error).message.split('. ', 1);
    throw new UsageError(`${problem}; see npm run faults -- --help.`, { cause: error });
  }
}

export function renderHelp(known: readonly Fault[]): string {
  const width = Math.max(...known.map(({ name }) => name.length));
  const rows = known.map(
    ({ name, expects }, index) => `  ${String(index + 1).padStart(2)}  ${name.padEnd(width)}  ${expects}\n`,
  );
  return `Usage: npm run faults [-- FAULT…] [OPTIONS]

Starts a copy of the service for each fault, injects the fault and prints a row.
FAULT is a name or a number; default: all.

  --short     send fewer requests and run fewer rounds, for CI
  --again     retry a failed fault once, at the end, and mark it as retried (for shared machines)
  --pairs     run two faults at a time, except those that compare speeds
  --json      print the rows as JSON instead of a table
  -h, --help  show this text

Exit code 0: all faults passed; 1: a fault failed; 64: invalid command line.

${rows.join('')}`;
}
