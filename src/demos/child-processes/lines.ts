/**
 * Prints lines as fast as its reader takes them. It leaves the printing to a child of its own, so that whoever ends
 * it has a descendant to think of.
 */
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
    const room = process.stdout.write(
      `line ${line} of ${lines}, from process ${process.pid}, child of ${process.ppid}\n`,
    );
    if (!room) await once(process.stdout, 'drain');
  }
}
