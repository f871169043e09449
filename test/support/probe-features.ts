/** Routes that bring a worker into a state: slow, blocked, sending, crashing. */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { Feature, FeatureSet } from '../../src/routes/feature.ts';
import { defineRoute } from '../../src/routes/route.ts';

const base = { method: 'get', title: 'A test route', examples: [{ title: 'Default' }] } as const;
const query = z.strictObject({ ms: z.coerce.number().int().min(0).max(60_000).default(1_000) });

const quick = defineRoute({
  ...base,
  path: '/quick',
  summary: 'Responds at once.',
  response: z.object({ pid: z.number() }),
  handler: () => ({ pid: process.pid }),
});

const slow = defineRoute({
  ...base,
  path: '/slow',
  summary: 'Responds after a delay.',
  query,
  response: z.object({ waitedMs: z.number() }),
  async handler({ query: { ms }, signal }) {
    await sleep(ms, undefined, { signal });
    return { waitedMs: ms };
  },
});

const blocking = defineRoute({
  ...base,
  path: '/blocking',
  summary: 'Blocks the event loop.',
  query,
  response: z.object({ blockedMs: z.number() }),
  handler({ query: { ms } }) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms); // without using a CPU
    return { blockedMs: ms };
  },
});

const endless = defineRoute({
  ...base,
  path: '/endless',
  summary: 'Sends a response until the client disconnects or the shutdown deadline passes.',
  response: { mediaType: 'text/plain', description: 'Endless lines' },
  async handler({ res, signal }) {
    // Not compressed: a compressor would buffer what was written so far.
    res.type('text').set('Cache-Control', 'no-transform');
    try {
      for (;;) {
        if (!res.write(`${'more '.repeat(50)}\n`)) await once(res, 'drain', { signal });
        await sleep(10, undefined, { signal });
      }
    } catch {
      // The connection was closed.
    }
  },
});

/** A route that responds, then fails outside of any request. */
function failLater(path: string, fail: () => void) {
  return defineRoute({
    ...base,
    method: 'post',
    path,
    summary: 'Responds, then fails outside of any request.',
    response: z.object({ pid: z.number() }),
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
  summary: 'Routes for tests of processes.',
  guard: 'public',
  routes: [quick, slow, blocking, endless, uncaughtException, unhandledRejection],
};

export const probeFeatures: FeatureSet = { load: async () => ({ create: () => ({ features: [probe] }) }) };
