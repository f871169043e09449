/**
 * Prints a number of bytes as fast as the reader accepts them. The first line contains its process id and that of its
 * child, which does nothing and would not notice the end of its parent.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';

const helper = spawn(process.execPath, ['--eval', 'setInterval(() => {}, 1e6)'], { stdio: 'ignore' });
process.stdout.write(`${JSON.stringify([process.pid, helper.pid])}\n`);

const chunk = Buffer.alloc(64 * 1024, 'x');
for (let left = Number(process.argv[2]); left > 0; left -= chunk.length) {
  if (!process.stdout.write(chunk.subarray(0, left))) await once(process.stdout, 'drain');
}
helper.kill('SIGKILL');
