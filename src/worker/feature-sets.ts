import { setTimeout as sleep } from 'node:timers/promises';
import type { CreatedFeatures, FeatureDependencies, FeatureSet } from '../routes/feature.ts';

/**
 * Loads and creates features, one set after the other. If one fails, the sets before it are stopped, so that this
 * process leaves nothing open.
 */
export async function createFeatures(
  offered: readonly FeatureSet[],
  dependencies: FeatureDependencies,
): Promise<CreatedFeatures[]> {
  const { config, log } = dependencies;
  const sets = await Promise.all(offered.map((set) => set.load()));
  const created: CreatedFeatures[] = [];
  try {
    for (const set of sets) created.push(await set.create(dependencies));
    return created;
  } catch (error) {
    await Promise.race([stopFeatures(created), sleep(config.SHUTDOWN_TIMEOUT_MS)]).catch((err: unknown) => {
      log.error({ event: 'cleanup-failed', err }, 'cleanup after a failed start failed');
    });
    throw error;
  }
}

/** Stops all sets at once: one that is slow does not use up the time of the others. */
export async function stopFeatures(created: readonly CreatedFeatures[]): Promise<void> {
  const stopped = await Promise.allSettled(created.map(async (set) => set.stop?.()));
  const errors = stopped.flatMap((result) =>
    result.status === 'rejected' ? [result.reason as unknown] : [],
  );
  if (errors.length > 0) throw new AggregateError(errors, 'features failed to stop');
}
