/** Reports each line of its input on standard error, then returns it in capitals on standard output. */
import process from 'node:process';
import { createInterface } from 'node:readline';

let lines = 0;
for await (const line of createInterface({ input: process.stdin })) {
  lines += 1;
  process.stderr.write(`received line ${lines}\n`);
  process.stdout.write(`${line.toUpperCase()}\n`);
}
process.stderr.write(`end of input after ${lines} lines\n`);
