/** Ends in the way it is told to. */
import process from 'node:process';

const [way, code = '0'] = process.argv.slice(2);

if (way === 'exit-code') process.exitCode = Number(code);
if (way === 'exit') process.exit(Number(code));
if (way === 'exception') throw new Error('thrown, and nobody caught it');
if (way === 'rejection') void Promise.reject(new Error('rejected, and nobody waited'));
if (way === 'unfinished') await new Promise(() => undefined); // nothing is left that could settle it
if (way === 'signal') process.kill(process.pid, 'SIGKILL');
// And otherwise it has nothing more to do.
