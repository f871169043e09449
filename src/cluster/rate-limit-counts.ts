import cluster from 'node:cluster';
import { ClusterMemoryStorePrimary } from '@express-rate-limit/cluster-memory-store';
import { MemoryStore, type ClientRateLimitInfo } from 'express-rate-limit';

/**
 * Tells each caller the count that was its own.
 *
 * The package's store resolves with the very object it goes on counting in. Messages of several workers that arrive
 * in one turn are all counted before the first of them is answered, so each would be told the last count, and around
 * the limit requests would be refused that still were within it.
 */
export class SnapshotStore extends MemoryStore {
  override async increment(key: string): Promise<ClientRateLimitInfo> {
    const counted = super.increment(key);
    const own = { ...this.current.get(key) }; // now, before anybody counts on
    return { ...(await counted), ...own };
  }
}

/** Counts for all workers, which makes their rate limits exact. */
export function countForWorkers(): void {
  const counts = new ClusterMemoryStorePrimary();
  const { stores } = counts as unknown as { readonly stores: Record<string, MemoryStore> }; // private by type only
  // Heard before the package hears it, which makes a store of its own where there is none.
  cluster.on('message', (_worker, message: { from?: string; command?: string; prefix?: string } | null) => {
    if (message?.from !== 'cluster-memory-store' || message.command !== 'init') return;
    stores[message.prefix ?? ''] ??= new SnapshotStore();
  });
  counts.init();
}
