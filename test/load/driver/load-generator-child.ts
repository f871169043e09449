/** The process that generates load, separate so that load and measurements do not disturb each other. */
import process from 'node:process';
import { runClosed } from './closed.ts';
import type { FromGenerator, LoadSpec } from './load-spec.ts';
import { runOpen } from './open.ts';
import { readSlowly } from './readers.ts';
import { Recorder } from './recorder.ts';

const TICK_MS = 500;
const models = { closed: runClosed, open: runOpen, readers: readSlowly };

process.on('message', (spec: LoadSpec) => void run(spec));
process.once('disconnect', () => process.exit(0));
// Ctrl-C reaches the whole process group; the parent ends this process when it has cleaned up.
process.on('SIGINT', () => undefined);
send({ type: 'ready' });

async function run(spec: LoadSpec): Promise<void> {
  const recorder = new Recorder();
  const ticks = setInterval(() => send({ type: 'tick', ...recorder.tick() }), TICK_MS);
  try {
    await models[spec.load.model](spec, recorder);
    send({ type: 'done', samples: recorder.samples });
  } catch (error) {
    send({ type: 'failed', reason: String(error) });
  } finally {
    clearInterval(ticks);
  }
}

function send(message: FromGenerator): void {
  if (process.connected) process.send?.(message);
}
