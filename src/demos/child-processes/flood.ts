/**
 * Prints so many bytes as fast as its reader takes them. It has a child of its own that does nothing and would not
 * notice the end of its parent. The first line says who both are.
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
