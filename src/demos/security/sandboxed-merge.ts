import { createContext, Script } from 'node:vm';
import { Problem } from '../../http/problem.ts';
import { changesOf, propertiesOf } from './property-changes.ts';

/** A merge takes microseconds, unless the machine is overloaded. */
const TIMEOUT_MS = 10_000;

/** A recursive merge as a script that reads the JSON text `body` and returns the merged keys as JSON. */
const toScript = (guard: string) =>
  new Script(`
  (() => {
    const { keys } = Object; // the body may overwrite Object.keys
    const merge = (target, source) => {
      for (const key of keys(source)) {
        ${guard}
        const value = source[key];
        if (typeof value === 'object' && value !== null) {
          if (typeof target[key] !== 'object' && typeof target[key] !== 'function') target[key] = {};
          merge(target[key], value);
        } else target[key] = value;
      }
      return target;
    };
    return JSON.stringify(keys(merge({}, JSON.parse(body))));
  })()`);

interface Merge {
  readonly name: string;
  readonly script: Script;
  /** Runs first. */
  readonly prepare?: Script;
}

export const merges: readonly Merge[] = [
  { name: 'recursive, without a guard', script: toScript('') },
  {
    // In one context, what --disable-proto=delete does in a process.
    name: 'recursive, without the accessor __proto__',
    script: toScript(''),
    prepare: new Script('delete Object.prototype.__proto__'),
  },
  {
    name: 'recursive, skipping __proto__, constructor and prototype',
    script: toScript("if (key === '__proto__' || key === 'constructor' || key === 'prototype') continue;"),
  },
];

/**
 * Runs a merge in a context with its own Object.prototype, which is discarded afterwards. Only JSON text and that
 * prototype cross its border, and nothing of the prototype is called.
 *
 * @throws {Problem} `unprocessable-content` if the merge throws
 */
export function mergeInSandbox(
  { script, prepare }: Merge,
  body: unknown,
): { mergedKeys: string[]; pollutes: string[] } {
  const context = createContext({ body: JSON.stringify(body) });
  prepare?.runInContext(context);
  const prototype = new Script('Object.prototype').runInContext(context) as object;
  const before = propertiesOf(prototype);
  try {
    const mergedKeys = script.runInContext(context, { timeout: TIMEOUT_MS }) as string;
    return { mergedKeys: JSON.parse(mergedKeys) as string[], pollutes: changesOf(prototype, before) };
  } catch (error) {
    throw new Problem('unprocessable-content', {
      detail: `The body could not be merged: ${String(error)}.`,
      cause: error,
    });
  }
}
