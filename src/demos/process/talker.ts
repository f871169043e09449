/** Answers every line of its input on its output, in capitals, and remarks on it on its standard error. */
import process from 'node:process';
import { createInterface } from 'node:readline';

let lines = 0;
for await (const line of createInterface({ input: process.stdin })) {
  lines += 1;
  process.stderr.write(`heard line ${lines}\n`);
  process.stdout.write(`${line.toUpperCase()}\n`);
}
process.stderr.write(`the input has ended after ${lines} lines\n`);
