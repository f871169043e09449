/** Starts one kind of timer, and reports what happens until the process ends. */
import { writeSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';

const [kind = '', delay = '0'] = process.argv.slice(2);
const delayMs = Number(delay);

// Synchronous: a report must not keep the process alive.
function report(line: string): void {
  writeSync(1, `${line}\n`);
}

const startedAt = performance.now();
const fire = () => report('fired');

process.on('exit', () => report(`ended ${performance.now() - startedAt}`));

if (kind === 'timeout') setTimeout(fire, delayMs);
if (kind === 'timeout, unref') setTimeout(fire, delayMs).unref();
if (kind === 'timeout, cleared') clearTimeout(setTimeout(fire, delayMs));
if (kind === 'interval') setInterval(fire, delayMs);
if (kind === 'interval, unref') setInterval(fire, delayMs).unref();
if (kind === 'interval, unref + timeout') {
  setInterval(fire, delayMs).unref();
  setTimeout(() => undefined, 3.5 * delayMs);
}
report(`active ${process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length}`);
if (kind === 'await, ref: false') {
  await sleep(delayMs, undefined, { ref: false });
  fire();
}
