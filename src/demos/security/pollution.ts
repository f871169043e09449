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
  pollutes: z.array(z.string()).describe('Properties that a new, empty object has afterwards'),
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
 * thrown away with it. The body goes in as JSON and nothing but JSON comes out.
 */
const program = (guard: string) => `
  (() => {
    const merge = (target, source) => {
      for (const key of Object.keys(source)) {
        ${guard}
        const value = source[key];
        if (typeof value === 'object' && value !== null) {
          if (typeof target[key] !== 'object' && typeof target[key] !== 'function') target[key] = {};
          merge(target[key], value);
        } else target[key] = value;
      }
      return target;
    };
    const merged = merge({}, JSON.parse(body));
    const inherited = [];
    for (const key in {}) inherited.push(key);
    return JSON.stringify({ mergedKeys: Object.keys(merged), pollutes: inherited });
  })()`;

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
      thisProcessPolluted: inheritedBy({}),
    };
    return { result: seen, lesson: conclude(seen) };
  },
});

function runMerge(source: string, body: unknown): { mergedKeys: string[]; pollutes: string[] } {
  const context = createContext({ body: JSON.stringify(body) });
  try {
    const answer = new Script(source).runInContext(context, { timeout: TIMEOUT_MS }) as string;
    return JSON.parse(answer) as { mergedKeys: string[]; pollutes: string[] };
  } catch (error) {
    throw new Problem('unprocessable-content', {
      detail: `The body could not be merged: ${String(error)}.`,
      cause: error,
    });
  }
}

function inheritedBy(object: object): string[] {
  const names: string[] = [];
  for (const name in object) names.push(name);
  return names;
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
    return `The body had ${count(sentKeys.length, 'key')}, none of which reaches a prototype: both merges did the same, and ${here}${schema}.`;
  }
  const guarded =
    careful?.pollutes.length === 0
      ? 'a merge that leaves such keys out added none'
      : 'even the careful merge did so';
  return `A naive merge of this body gave every new object ${naive.pollutes.join(', ')}; ${guarded}; ${here}${schema}.`;
}
