/** Prints as many bytes as requested, ends in the requested way, and reports what happens until its end. */
import { writeSync } from 'node:fs';
import process from 'node:process';

const TIMER_MS = 100;

const [way, bytes = '0'] = process.argv.slice(2);

// Synchronous: an asynchronous report could get lost, like the output.
function report(line: string): void {
  writeSync(2, `${line}\n`);
}

function startTimer(name: string, ms: number): void {
  report(`start ${name}`);
  setTimeout(() => report(`fire ${name}`), ms);
}

let resumed = false;
process.on('beforeExit', () => {
  report('event beforeExit');
  if (!resumed) startTimer('timer of beforeExit', 1);
  resumed = true;
});
process.on('exit', () => {
  report('event exit');
  startTimer('timer of exit', 0);
});

startTimer('timer', TIMER_MS);
const accepted = process.stdout.write('x'.repeat(Number(bytes)), () => {
  report('event written');
  if (way === 'callback') process.exit(0);
});
report(`write ${accepted}`);
if (way === 'exit') process.exit(0);
if (way === 'exitCode') process.exitCode = 0;
