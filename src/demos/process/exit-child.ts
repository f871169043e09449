/** Ends in the requested way, and prints the events of its end. */
import { writeSync } from 'node:fs';
import process from 'node:process';

// Synchronous: after process.exit() an asynchronous write may be lost.
for (const event of ['beforeExit', 'exit']) process.on(event, () => writeSync(1, `${event}\n`));

const [way, code = '0'] = process.argv.slice(2);

if (way === 'exit-code') process.exitCode = Number(code);
if (way === 'exit') process.exit(Number(code));
if (way === 'exception') throw new Error('thrown and never caught');
if (way === 'rejection') void Promise.reject(new Error('rejected and never handled'));
if (way === 'unfinished') await new Promise(() => undefined); // nothing is left that could settle it
if (way === 'signal') process.kill(process.pid, 'SIGKILL');
// 'return': nothing left to do.
