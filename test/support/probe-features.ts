/** Routes that let a test bring a worker into any state from outside: slow, endless, crashing. */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { defineRoute, type Feature, type FeatureSet } from '../../src/http/feature.ts';

const examples = [{ title: 'As it is' }] as const;

const quick = defineRoute({
  method: 'get',
  path: '/quick',
  summary: 'Answers at once.',
  response: z.object({ pid: z.number() }),
  examples,
  handler: () => ({ pid: process.pid }),
});

const slow = defineRoute({
  method: 'get',
  path: '/slow',
  summary: 'Answers after a while.',
  query: z.strictObject({ ms: z.coerce.number().int().min(0).max(60_000).default(1_000) }),
  response: z.object({ waitedMs: z.number() }),
  examples,
  async handler({ query, signal }) {
    await sleep(query.ms, undefined, { signal });
    return { waitedMs: query.ms };
  },
});

const blocking = defineRoute({
  method: 'get',
  path: '/blocking',
  summary: 'Lets nothing else run for a while.',
  query: z.strictObject({ ms: z.coerce.number().int().min(0).max(60_000).default(1_000) }),
  response: z.object({ blockedMs: z.number() }),
  examples,
  handler({ query }) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, query.ms); // without taking a core from others
    return { blockedMs: query.ms };
  },
});

const endless = defineRoute({
  method: 'get',
  path: '/endless',
  summary: 'Begins an answer that only the client, or a deadline, ends.',
  response: { mediaType: 'text/plain', description: 'A line, again and again' },
  examples,
  async handler({ res, signal }) {
    // Not compressed, for a compressor would hold back what has been written so far.
    res.type('text').set('Cache-Control', 'no-transform');
    try {
      for (;;) {
        if (!res.write(`${'more '.repeat(50)}\n`)) await once(res, 'drain', { signal });
        await sleep(10, undefined, { signal });
      }
    } catch {
      // The client left, or the connection was cut.
    }
  },
});

/** An error that belongs to no request: nobody is there to catch it. */
function failLater(path: string, fail: () => void) {
  return defineRoute({
    method: 'post',
    path,
    summary: 'Answers, and fails outside of any request.',
    response: z.object({ pid: z.number() }),
    examples,
    handler() {
      setImmediate(fail);
      return { pid: process.pid };
    },
  });
}

const uncaughtException = failLater('/uncaught-exception', () => {
  throw new Error('thrown on purpose');
});
const unhandledRejection = failLater(
  '/unhandled-rejection',
  () => void Promise.reject(new Error('rejected on purpose')),
);

export const probe: Feature = {
  id: 'probe',
  base: '/probe',
  title: 'Probe',
  summary: 'For tests of what a process does.',
  routes: [quick, slow, blocking, endless, uncaughtException, unhandledRejection],
};

export const probeFeatures: FeatureSet = {
  variables: {},
  load: async () => ({ create: () => ({ features: [probe] }) }),
};
