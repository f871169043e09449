/** Listens for a signal or leaves its default action. Reports when it is ready, then exits when it receives the signal. */
import process from 'node:process';

const [signal, reaction] = process.argv.slice(2) as [NodeJS.Signals, 'listen' | 'default'];

process.debugPort = 0; // any free port, if SIGUSR1 starts the debugger
let listener = 'none';
if (reaction === 'listen') {
  try {
    process.on(signal, () => {
      process.stdout.write(`received ${signal}\n`, () => process.exit(0));
    });
    listener = 'installed';
  } catch (error) {
    listener = `refused: ${(error as NodeJS.ErrnoException).code ?? 'unknown'}`;
  }
}
setInterval(() => undefined, 1_000_000);
process.stdout.write(`${listener}\n`);
