import cluster from 'node:cluster';
import { RateLimitCounter } from '../rate-limit/counter.ts';
import { pack, unpack, type FromPrimary, type FromWorker } from '../supervision/messages.ts';

/** Counts rate-limit hits for all workers, so that limits are exact across the cluster. */
export function countForWorkers(): void {
  const counter = new RateLimitCounter();
  cluster.on('message', (worker, received) => {
    const message = unpack<FromWorker>(received);
    if (message?.type === 'reset-key') counter.resetKey(message.limiter, message.key);
    if (message?.type !== 'hits') return;
    const { id, limiter } = message;
    const reply: FromPrimary = { type: 'hit-counts', id, limiter, counts: counter.count(message) };
    // The worker may have just died, and its requests with it.
    worker.send(pack(reply), () => undefined);
  });
}
