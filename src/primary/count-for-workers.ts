import cluster, { type Worker } from 'node:cluster';
import type { HitCounter } from '../rate-limit/counter.ts';
import { pack, unpack, type FromPrimary, type FromWorker, type Hits } from '../supervision/messages.ts';

/** Counts rate-limit hits for all workers, so that limits are exact across the cluster. */
export function countForWorkers(counter: HitCounter): void {
  cluster.on('message', (worker, received) => {
    const message = unpack<FromWorker>(received);
    if (message?.type === 'reset-key') counter.resetKey(message.limiter, message.key);
    if (message?.type !== 'hits') return;
    void reply(worker, message);
  });

  async function reply(worker: Worker, { id, ...hits }: Hits & { readonly id: number }): Promise<void> {
    const { limiter } = hits;
    const message: FromPrimary = { type: 'hit-counts', id, limiter, counts: await counter.count(hits) };
    // The worker may have just died, and its requests with it.
    worker.send(pack(message), () => undefined);
  }
}
