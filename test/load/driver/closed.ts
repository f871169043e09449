import autocannon from 'autocannon';
import type { Ledger } from './ledger.ts';
import { BOUNDS, monotonicMs, type Order } from './order.ts';

/** A number of connections, each of which sends its next request when it has its answer. */
export async function shootClosed({ url, load, seconds }: Order, ledger: Ledger): Promise<void> {
  if (load.model !== 'closed') throw new Error('this is no closed load');
  const { connections, shot } = load;
  await new Promise<void>((resolve, reject) => {
    const run = autocannon(
      {
        url,
        connections: Math.min(connections, BOUNDS.connections),
        duration: seconds,
        headers: { ...shot.headers },
      },
      (error: Error | null) => (error === null ? resolve() : reject(error)),
    );
    run.on('response', (_client, status, _bytes, ms) => ledger.note(monotonicMs() - ms, ms, status));
    run.on('reqError', () => ledger.note(monotonicMs(), 0, 0));
  });
}
