/** Listens for a signal, or does not, says so when it is ready, and says what came. It ends by itself afterwards. */
import process from 'node:process';

const [signal, manner] = process.argv.slice(2) as [NodeJS.Signals, 'listen' | 'ignore'];

let listens = 'none';
if (manner === 'listen') {
  try {
    process.on(signal, () => {
      process.stdout.write(`heard ${signal}\n`, () => process.exit(0));
    });
    listens = 'installed';
  } catch (error) {
    listens = `refused: ${(error as NodeJS.ErrnoException).code ?? 'unknown'}`;
  }
}
setInterval(() => undefined, 1_000_000);
process.stdout.write(`${listens}\n`);
