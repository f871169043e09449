/**
 * Receives SIGTERM: a `polite` program exits, a `stubborn` one keeps running, and so does its child. The first line
 * contains the process ids, printed when both listen; each further line is a signal received.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';

const [manner = 'stubborn', role = 'parent'] = process.argv.slice(2);

process.on('SIGTERM', () => {
  if (role === 'parent') process.stdout.write('SIGTERM\n');
  if (manner === 'polite') process.exit(0);
});
setInterval(() => undefined, 1_000_000);

if (role === 'parent') {
  const args = [...process.execArgv, process.argv[1] ?? '', manner, 'helper'];
  const helper = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  await once(helper.stdout, 'data'); // it listens
  process.stdout.write(`${JSON.stringify([process.pid, helper.pid])}\n`);
} else {
  process.stdout.write('ready\n');
}
