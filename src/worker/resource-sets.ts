import type { Logger } from 'pino';
import type { OpenResource, ResourceDependencies, ResourceSet, Resources } from '../routes/resource.ts';

/** The open resources of this process, by name for features, and as a list from the first to the last. */
export interface OpenResources {
  readonly resources: Resources;
  readonly all: readonly OpenResource<unknown>[];
}

/** Opens one after the other. If one fails, those before it are closed, so that this process leaves nothing open. */
export async function openResources(
  sets: readonly ResourceSet[],
  dependencies: Omit<ResourceDependencies, 'resources'>,
): Promise<OpenResources> {
  const resources = {} as Resources; // each set adds one
  const all: OpenResource<unknown>[] = [];
  try {
    for (const set of sets) {
      const module = await set.load();
      const opened = await module.open({ ...dependencies, resources });
      all.push(opened);
      Object.assign(resources, { [set.name]: opened.value });
    }
  } catch (error) {
    await closeResources(all, dependencies.log);
    throw error;
  }
  return { resources, all };
}

/** Closes the last first: it may use those before it. */
export async function closeResources(all: readonly OpenResource<unknown>[], log: Logger): Promise<void> {
  for (const resource of all.toReversed()) {
    try {
      await resource.close();
    } catch (err) {
      log.error({ event: 'resource-close-failed', err }, 'a resource could not be closed');
    }
  }
}
