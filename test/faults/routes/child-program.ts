/** `print N`: prints N MB. `stubborn`: ignores signals and starts a child that does the same. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';

const [role, megabytes = '1'] = process.argv.slice(2);

if (role === 'print') {
  const block = Buffer.alloc(1024 * 1024, 'x');
  for (let i = 0; i < Number(megabytes); i += 1) {
    if (!process.stdout.write(block)) await once(process.stdout, 'drain');
  }
} else {
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined);
  process.stdout.on('error', () => undefined);
  if (role === 'stubborn') {
    spawn(process.execPath, [...process.execArgv, process.argv[1] ?? '', 'grandchild'], { stdio: 'inherit' });
  }
  process.stdout.write(`${role} ${process.pid}\n`);
  setInterval(() => undefined, 1_000);
}
