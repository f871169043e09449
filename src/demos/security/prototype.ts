import { z } from 'zod';
import { Problem } from '../../http/problem.ts';
import { count } from '../kit/answer/units.ts';
import { demoRoute, type Lesson } from '../kit/demo.ts';
import { isDeeperThan } from '../kit/nesting.ts';
import { changesOf, propertiesOf } from './property-changes.ts';
import { mergeInSandbox, merges } from './sandboxed-merge.ts';

const MAX_DEPTH = 32;

const mergeRow = z.strictObject({
  merge: z.string(),
  mergedKeys: z.array(z.string()),
  pollutes: z
    .array(z.string())
    .describe('Properties of Object.prototype that were added, removed or changed'),
});

const result = z.strictObject({
  sentKeys: z.array(z.string()).describe('The keys of the body that JSON.parse returned'),
  keysAfterSchema: z.array(z.string()).describe('The keys that passed the schema of this route'),
  merges: z.array(mergeRow),
  thisProcessPolluted: z.array(z.string()).describe('Changed properties of Object.prototype in this process'),
});
type Result = z.infer<typeof result>;

/** The properties of Object.prototype at startup. */
const original = propertiesOf(Object.prototype);

export const prototype = demoRoute({
  method: 'post',
  path: '/prototype',
  title: 'Prototype pollution',
  summary: 'Merges a body that contains `__proto__` in a sandbox, and shows what that changes.',
  teaches:
    'JSON.parse makes `__proto__` an ordinary property. A recursive merge that copies key by key then writes to ' +
    'Object.prototype, from which almost every object inherits. --disable-proto=delete closes that way, but not the one over ' +
    '`constructor.prototype`.',
  body: z.record(z.string(), z.unknown(), { error: 'must be a JSON object' }).describe('Any JSON object'),
  result,
  examples: [
    {
      title: 'Try to become an administrator',
      // JSON.parse creates __proto__ as an own property, so that JSON.stringify prints it.
      body: JSON.parse('{"name":"guest","__proto__":{"isAdmin":true}}') as unknown,
      query: { as: 'text' },
    },
    {
      title: 'The detour over constructor.prototype',
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
    const observed: Result = {
      sentKeys: Object.keys(req.body as object),
      keysAfterSchema: Object.keys(body),
      merges: merges.map((merge) => ({ merge: merge.name, ...mergeInSandbox(merge, req.body) })),
      thisProcessPolluted: changesOf(Object.prototype, original),
    };
    return { result: observed, lesson: conclude(observed) };
  },
});

function conclude({ sentKeys, keysAfterSchema, merges: rows, thisProcessPolluted }: Result): Lesson {
  const [naive, withoutAccessor, guarded] = rows;
  const here =
    thisProcessPolluted.length === 0
      ? 'Nothing changed in this process.'
      : `This process has been polluted with ${thisProcessPolluted.join(', ')}.`;
  const dropped = sentKeys.filter((key) => !keysAfterSchema.includes(key));
  const schema = dropped.length === 0 ? '' : ` The schema of this route dropped ${dropped.join(', ')}.`;
  if (naive === undefined || naive.pollutes.length === 0) {
    return {
      headline: 'This body changed nothing in Object.prototype',
      text: `The body has ${count(sentKeys.length, 'key')}, and neither merge polluted its Object.prototype. ${here}${schema}`,
    };
  }
  const properties = naive.pollutes.join(', ');
  const accessor =
    withoutAccessor?.pollutes.length === 0
      ? 'Without the accessor `__proto__` (--disable-proto=delete) it changed nothing.'
      : 'Without the accessor `__proto__` (--disable-proto=delete) it did the same.';
  const protection =
    guarded?.pollutes.length === 0
      ? 'The merge that skips the dangerous keys changed nothing in its own Object.prototype.'
      : 'Even the merge that skips the dangerous keys changed its Object.prototype.';
  return {
    headline: `An unguarded recursive merge set ${properties} in Object.prototype`,
    text: `All objects in the sandbox of that merge now inherit ${properties}. ${accessor} ${protection} ${here}${schema}`,
  };
}
