import type { DemoResources } from './resources.ts';

/**
 * State that a demo keeps between requests, created on first use. Each service has its own: a test runs several.
 *
 * @example
 * const visitsOf = perService(() => new Map<string, number>());
 * // in a handler: visitsOf(resources).set(…)
 */
export function perService<T>(create: (resources: DemoResources) => T): (resources: DemoResources) => T {
  const values = new WeakMap<DemoResources, T>();
  return (resources) => {
    if (!values.has(resources)) values.set(resources, create(resources));
    return values.get(resources) as T;
  };
}
