import { createContext, Script } from 'node:vm';
import { z } from 'zod';
import { Problem } from '../../http/problem.ts';
import { demoRoute } from '../demo.ts';
import { count } from '../evidence/words.ts';
import { isDeeperThan } from '../work/depth.ts';

/** A merge of so little data takes no time to speak of, but a machine may have none for it just now. */
const TIMEOUT_MS = 10_000;
const MAX_DEPTH = 32;

const mergeRow = z.strictObject({
  merge: z.string(),
  mergedKeys: z.array(z.string()),
  pollutes: z.array(z.string()).describe('Properties of Object.prototype that are new or have another value'),
});

const result = z.strictObject({
  sentKeys: z.array(z.string()).describe('The names in the body as JSON.parse read them'),
  keysAfterSchema: z.array(z.string()).describe('Those that the schema of this route let through'),
  merges: z.array(mergeRow),
  thisProcessPolluted: z.array(z.string()).describe('The same, in this process'),
});
type Seen = z.infer<typeof result>;

/**
 * Both merges run on the body in contexts of their own, which have an Object.prototype of their own: what one spoils is
 * thrown away with it. The body goes in as JSON; JSON comes out, and the prototype, of which nothing is called.
 */
const program = (guard: string) => `
  (() => {
    const { keys } = Object; // a body can reach this too
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
  })()`;

/** An object's own properties: those that it has from the start are not enumerable, and stay so when they are overwritten. */
type Properties = ReadonlyMap<string, PropertyDescriptor>;

/** What every object of this process inherits while nothing has changed it. */
const untouched = propertiesOf(Object.prototype);

const merges = [
  ['naive, key by key', program('')],
  [
    'the same, leaving out __proto__, constructor and prototype',
    program("if (key === '__proto__' || key === 'constructor' || key === 'prototype') continue;"),
  ],
] as const;

export const pollution = demoRoute({
  method: 'post',
  path: '/prototype',
  summary:
    'Takes a body with __proto__ in it, and shows what it changes: nothing here, everything in a naive merge.',
  teaches:
    'JSON.parse makes __proto__ an ordinary property; a merge that copies key by key then writes into Object.prototype, ' +
    'and every object of the process has the property.',
  body: z.record(z.string(), z.unknown(), { error: 'must be a JSON object' }).describe('Any JSON object'),
  result,
  examples: [
    {
      title: 'Try to become an administrator',
      // Written like this so that it is an own property, which JSON.stringify then prints.
      body: JSON.parse('{"name":"guest","__proto__":{"isAdmin":true}}') as unknown,
      query: { as: 'text' },
    },
    {
      title: 'The long way round',
      body: { name: 'guest', constructor: { prototype: { isAdmin: true } } },
      query: { as: 'text' },
    },
  ],
  contrasts: [],
  run({ req, body }) {
    if (isDeeperThan(MAX_DEPTH, req.body)) {
      throw new Problem('unprocessable-content', {
        detail: `The body may be at most ${MAX_DEPTH} levels deep.`,
      });
    }
    const seen: Seen = {
      sentKeys: Object.keys(req.body as object),
      keysAfterSchema: Object.keys(body),
      merges: merges.map(([merge, source]) => ({ merge, ...runMerge(source, req.body) })),
      thisProcessPolluted: changesOf(Object.prototype, untouched),
    };
    return { result: seen, lesson: conclude(seen) };
  },
});

function runMerge(source: string, body: unknown): { mergedKeys: string[]; pollutes: string[] } {
  const context = createContext({ body: JSON.stringify(body) });
  const prototype = new Script('Object.prototype').runInContext(context) as object;
  const before = propertiesOf(prototype);
  try {
    const mergedKeys = new Script(source).runInContext(context, { timeout: TIMEOUT_MS }) as string;
    return { mergedKeys: JSON.parse(mergedKeys) as string[], pollutes: changesOf(prototype, before) };
  } catch (error) {
    throw new Problem('unprocessable-content', {
      detail: `The body could not be merged: ${String(error)}.`,
      cause: error,
    });
  }
}

function propertiesOf(object: object): Properties {
  return new Map(Object.entries(Object.getOwnPropertyDescriptors(object)));
}

/** The names of properties that an object has anew, no longer, or with another value than before. */
function changesOf(object: object, before: Properties): string[] {
  const now = propertiesOf(object);
  return [...new Set([...before.keys(), ...now.keys()])].filter((name) => {
    const was = before.get(name);
    const is = now.get(name);
    if (was === undefined || is === undefined) return true;
    return !Object.is(was.value, is.value) || was.get !== is.get || was.set !== is.set;
  });
}

function conclude({
  sentKeys,
  keysAfterSchema,
  merges: [naive, careful],
  thisProcessPolluted,
}: Seen): string {
  const here =
    thisProcessPolluted.length === 0
      ? 'nothing changed in this process'
      : `this process has been polluted with ${thisProcessPolluted.join(', ')}`;
  const dropped = sentKeys.filter((key) => !keysAfterSchema.includes(key));
  const schema = dropped.length === 0 ? '' : `, and the schema of this route dropped ${dropped.join(', ')}`;
  if (naive === undefined || naive.pollutes.length === 0) {
    return `The body had ${count(sentKeys.length, 'key')}, none of which changed Object.prototype: both merges did the same, and ${here}${schema}.`;
  }
  const guarded =
    careful?.pollutes.length === 0
      ? 'a merge that leaves such keys out changed nothing there'
      : 'even the careful merge did so';
  return `A naive merge of this body set ${naive.pollutes.join(', ')} in Object.prototype, for every object of its context; ${guarded}; ${here}${schema}.`;
}
