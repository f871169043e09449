import type { Tools } from './tools.ts';

/**
 * What a demo keeps from one request to the next. It is made for the first, and each service has its own: a process of
 * tests has several.
 */
export function oncePerService<T>(make: (tools: Tools) => T): (tools: Tools) => T {
  const made = new WeakMap<Tools, T>();
  return (tools) => {
    if (!made.has(tools)) made.set(tools, make(tools));
    return made.get(tools) as T;
  };
}
