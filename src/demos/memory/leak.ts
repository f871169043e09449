import { z } from 'zod';
import { Problem } from '../../http/problem.ts';
import { bytes, count, ms } from '../kit/answer/units.ts';
import { demoRoute, oneOf, wholeNumber, type DemoCall, type Lesson } from '../kit/demo.ts';
import { childTimedOut } from '../kit/problems.ts';
import { readOutput, withChild } from '../kit/resources/with-child.ts';
import { handlers, kinds, type Kind } from './handlers.ts';
import type { Growth, LeakReport } from './leak-child.ts';

const program = new URL('./leak-child.ts', import.meta.url);

/** The child's heap and a parsed snapshot of it. */
const MEGABYTES = 64;
const TIMEOUT_MS = 9_000;

const growth = z.strictObject({
  heapGrewBytes: z.number().describe('Growth of the used heap, after a collection'),
  bytesPerRequest: z.number(),
  left: z.number().describe('Request states that are still reachable'),
  finalized: z.number().describe('Request states that were collected, as a FinalizationRegistry saw it'),
  heapBytes: z
    .array(z.number())
    .readonly()
    .describe('Growth of the used heap after each fifth of the requests'),
  grew: z
    .array(z.strictObject({ constructor: z.string(), count: z.number(), bytes: z.number() }))
    .readonly()
    .describe('What grew by about one per request, by constructor'),
  path: z.array(z.string()).readonly().describe('The references that hold the newest request state'),
});

const resultSchema = z.strictObject({
  kind: z.enum(kinds),
  requests: z.number(),
  leaking: growth,
  repaired: growth.describe('The same number of requests with the handler repaired'),
});
type Result = z.infer<typeof resultSchema>;

export const leak = demoRoute({
  method: 'get',
  path: '/leak',
  title: 'Find a memory leak',
  summary:
    'Calls a handler that keeps the state of each request, compares two heap snapshots, and repairs the handler.',
  teaches:
    'A leak is an object that stays reachable by mistake: a callback, a listener, a timer or a cache entry holds it. Compare two ' +
    'heap snapshots around some load: the constructor that grows with the requests is the leak, and its ' +
    'retainers name the holder.',
  query: z.object({
    kind: oneOf('What keeps the state', kinds),
    requests: wholeNumber('Calls of the handler', { min: 400, max: 2_000, default: 500 }),
  }),
  result: resultSchema,
  problems: [childTimedOut],
  examples: [
    { title: 'A callback that is never removed', query: { kind: 'closure', as: 'text' } },
    { title: 'A listener that is never removed', query: { kind: 'listener', as: 'text' } },
    { title: 'A timer that is never cleared', query: { kind: 'timer', as: 'text' } },
    { title: 'A cache without a bound', query: { kind: 'cache', as: 'text' } },
    { title: 'No leak', query: { kind: 'none', as: 'text' } },
  ],
  contrasts: [
    'memory/leak?kind=closure',
    'memory/leak?kind=listener',
    'memory/leak?kind=timer',
    'memory/leak?kind=cache',
    'memory/leak?kind=none',
    'v8/heap',
  ],
  async run({ query: { kind, requests }, signal, timeline, resources }) {
    const { budgets } = resources;
    const report = await budgets.megabytes.use(MEGABYTES, signal, () =>
      budgets.children.use(1, signal, () =>
        timeline.record('requests and snapshots', 'child', () =>
          callInChild(kind, requests, { signal, resources }),
        ),
      ),
    );
    const perRequest = (part: Growth) => ({
      ...part,
      bytesPerRequest: Math.round(part.heapGrewBytes / requests),
    });
    const result = {
      kind,
      requests,
      leaking: perRequest(report.leaking),
      repaired: perRequest(report.repaired),
    };
    return { result, lesson: conclude(result) };
  },
});

function callInChild(
  kind: Kind,
  requests: number,
  { signal, resources }: Pick<DemoCall<never, never, never>, 'signal' | 'resources'>,
): Promise<LeakReport> {
  const args = [kind, String(requests)];
  return withChild(
    resources.children.startNode(program, { args, signal, timeoutMs: TIMEOUT_MS }),
    async (child) => {
      const output = await readOutput(child);
      signal.throwIfAborted();
      if (child.endReason === 'time-out') {
        throw new Problem(childTimedOut, { detail: `The snapshots took longer than ${ms(TIMEOUT_MS)}.` });
      }
      return JSON.parse(output) as LeakReport;
    },
  );
}

export function conclude({ kind, requests, leaking, repaired }: Result): Lesson {
  const { left, finalized, bytesPerRequest, path, grew } = leaking;
  const of = `of ${count(requests, 'request state')}`;
  if (left < requests / 2) {
    return {
      headline: `No leak: ${finalized} ${of} were collected`,
      text: `The heap grew by ${bytes(leaking.heapGrewBytes)} in ${count(requests, 'request')}, and no constructor grew with them.`,
    };
  }
  const classes = grew.map((each) => each.constructor).join(', ');
  const after =
    repaired.left === 0
      ? `all ${repaired.finalized} were collected`
      : `${repaired.left} stayed and ${repaired.finalized} were collected`;
  return {
    headline: `Each request left ${bytes(bytesPerRequest)}, held by ${path[0] ?? 'an unknown object'}`,
    text:
      `${left} ${of} stayed reachable after a collection, and these grew with the requests: ${classes}. ` +
      `After the repair (${handlers[kind].repair}), ${after}.`,
  };
}
