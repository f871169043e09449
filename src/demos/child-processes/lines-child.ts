/** Prints lines as fast as the reader accepts them. A child of its own prints them, so that it has a descendant. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';

const [lines = '10', role = 'parent'] = process.argv.slice(2);

if (role === 'parent') {
  const printer = spawn(process.execPath, [...process.execArgv, process.argv[1] ?? '', lines, 'printer'], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  printer.once('exit', (code) => process.exit(code ?? 1));
} else {
  for (let line = 1; line <= Number(lines); line += 1) {
    const writable = process.stdout.write(
      `line ${line} of ${lines}, from process ${process.pid}, child of ${process.ppid}\n`,
    );
    if (!writable) await once(process.stdout, 'drain');
  }
}
