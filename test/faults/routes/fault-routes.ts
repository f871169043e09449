/** Routes that inject faults, as a feature set. They are added to a copy of the service, never to the service itself. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { CreatedFeatures, FeatureDependencies } from '../../../src/routes/feature.ts';
import { defineRoute, type Route } from '../../../src/routes/route.ts';
import { createDatabaseRoutes } from './database-routes.ts';
import { heavyRoutes } from './heavy-routes.ts'; // template: omit

const examples = [{ title: 'Defaults' }] as const;
const json = { response: z.looseObject({}), examples } as const;
const text = { response: { mediaType: 'text/plain', description: 'Text' }, examples } as const;
const number = (fallback: number) =>
  z.object({ n: z.coerce.number().int().min(0).max(1_000_000).default(fallback) });
const block = Buffer.alloc(1024 * 1024, 'x');
const leaked: unknown[] = [];

export async function create({ resources }: FeatureDependencies): Promise<CreatedFeatures> {
  const routes = [...plainRoutes, ...streamRoutes, failingStream, ...dangerousRoutes];
  routes.push(...(await createDatabaseRoutes(resources)));
  routes.push(...heavyRoutes); // template: omit
  return {
    features: [
      { id: 'faults', base: '/faults', title: 'Faults', summary: 'Injects faults.', guard: 'public', routes },
    ],
  };
}

const plainRoutes: readonly Route[] = [
  defineRoute({
    method: 'get',
    path: '/small',
    title: 'Respond at once',
    summary: 'Returns the process id of the worker.',
    ...json,
    handler: () => ({ pid: process.pid }),
  }),
  defineRoute({
    method: 'post',
    path: '/body',
    title: 'Count a body',
    summary: 'Reads the body as it arrives and returns its length.',
    body: { mediaType: '*/*', maxBytes: 1_000_000_000, description: 'Anything' },
    ...json,
    async handler({ body }) {
      let bytes = 0;
      for await (const chunk of body) bytes += chunk.length;
      return { bytes };
    },
  }),
  defineRoute({
    method: 'post',
    path: '/json',
    title: 'Validate JSON',
    summary: 'Reads and validates a JSON body.',
    body: z.object({ name: z.string().max(20), size: z.number() }),
    ...json,
    handler: ({ body }) => ({ name: body.name }),
  }),
  defineRoute({
    method: 'get',
    path: '/echo',
    title: 'Return a number',
    summary: 'Returns n.',
    query: number(0),
    ...json,
    handler: ({ query }) => ({ n: query.n }),
  }),
  defineRoute({
    method: 'get',
    path: '/large',
    title: 'Return a large object',
    summary: 'Returns n KB of JSON.',
    query: number(64),
    ...json,
    handler: ({ query }) => ({ text: 'x'.repeat(query.n * 1024) }),
  }),
  defineRoute({
    method: 'get',
    path: '/slow',
    title: 'Respond late',
    summary: 'Waits n milliseconds before it responds.',
    query: number(1_000),
    ...json,
    async handler({ query }) {
      await sleep(query.n);
      return { waitedMs: query.n };
    },
  }),
  defineRoute({
    method: 'get',
    path: '/dependency',
    title: 'Wait for a dependency',
    summary: 'Responds with the status of the server on port n of this machine.',
    query: number(80),
    ...json,
    async handler({ query, signal }) {
      return { status: (await fetch(`http://127.0.0.1:${query.n}`, { signal })).status };
    },
  }),
  defineRoute({
    method: 'get',
    path: '/work',
    title: 'Use CPU time',
    summary: 'Uses n milliseconds of CPU time before it responds.',
    query: number(10),
    ...json,
    handler({ query }) {
      work(query.n);
      return { workedMs: query.n };
    },
  }),
  defineRoute({
    method: 'get',
    path: '/work-later',
    title: 'Use CPU time after a wait',
    summary: 'Waits a millisecond, then uses n milliseconds of CPU time.',
    query: number(10),
    ...json,
    async handler({ query }) {
      await sleep(1);
      work(query.n);
      return { workedMs: query.n };
    },
  }),
];

const streamRoutes: readonly Route[] = [
  defineRoute({
    method: 'get',
    path: '/events',
    title: 'Stream events',
    summary: 'Sends an event, and a final one when the worker drains.',
    ...text,
    async handler({ res, draining, signal }) {
      res.set('Content-Type', 'text/event-stream').flushHeaders();
      res.write('event: hello\ndata: 1\n\n');
      const ended = AbortSignal.any([draining, signal]);
      if (!ended.aborted) await once(ended, 'abort');
      res.end('event: goodbye\ndata: reconnect\n\n');
    },
  }),
  defineRoute({
    method: 'get',
    path: '/endless',
    title: 'Stream without end',
    summary: 'Sends a few bytes every 20 ms until the client disconnects.',
    ...text,
    async handler({ res, signal }) {
      res.set('Content-Type', 'text/plain');
      await pipeline(Readable.from(drip()), res, { signal });
    },
  }),
  defineRoute({
    method: 'get',
    path: '/flood',
    title: 'Send much',
    summary: 'Sends n MB as fast as the client reads.',
    query: number(64),
    ...text,
    async handler({ res, query, signal }) {
      res.set('Content-Type', 'text/plain');
      await pipeline(Readable.from(Array.from({ length: query.n }, () => block)), res, { signal });
    },
  }),
];

/** Sends n KB and fails; cleans up in its own time, like a handler that closes a file or a cursor. */
const failingStream = defineRoute({
  method: 'get',
  path: '/failing-stream',
  title: 'Fail in a stream',
  summary: 'Sends n KB, then its source fails.',
  query: number(1),
  ...text,
  async handler({ res, query }) {
    res.set('Content-Type', 'text/plain');
    try {
      await pipeline(Readable.from(failAfter(query.n)), res);
    } finally {
      await sleep(20);
    }
  },
});

const dangerousRoutes: readonly Route[] = [
  defineRoute({
    method: 'post',
    path: '/busy',
    title: 'Block the event loop',
    summary: 'Spins for a minute.',
    query: z.object({ secret: z.string().optional() }),
    ...json,
    handler() {
      spin(60_000);
      return {};
    },
  }),
  failLater('/uncaught-exception', 'Throw outside of a request', () => {
    throw new Error('thrown on purpose');
  }),
  failLater('/unhandled-rejection', 'Reject outside of a request', () => {
    void Promise.reject(new Error('rejected on purpose'));
  }),
  defineRoute({
    method: 'post',
    path: '/leak',
    title: 'Leak memory',
    summary: 'Keeps n × 10,000 small objects on the heap.',
    query: number(1),
    ...json,
    handler({ query }) {
      // Small objects, because V8 keeps large buffers outside of the heap.
      for (let i = 0; i < query.n * 10_000; i += 1) leaked.push({ i, text: `leaked ${i} ${leaked.length}` });
      return { leaked: leaked.length };
    },
  }),
  defineRoute({
    method: 'post',
    path: '/buffers',
    title: 'Leak buffers',
    summary: 'Keeps n MB outside of the heap.',
    query: number(1),
    ...json,
    handler({ query }) {
      for (let i = 0; i < query.n; i += 1) leaked.push(Buffer.alloc(1024 * 1024, 'x'));
      return { leaked: leaked.length };
    },
  }),
  defineRoute({
    method: 'post',
    path: '/orphan',
    title: 'Leave an orphan',
    summary: 'Starts a shell that exits before its child, which PID 1 then has to reap.',
    ...json,
    handler() {
      spawn('/bin/sh', ['-c', 'sleep 0.5 &'], { stdio: 'ignore' });
      return {};
    },
  }),
];

/** Fails soon after the response, so that the client learns which process it was. */
function failLater(path: string, title: string, fail: () => void): Route {
  return defineRoute({
    method: 'post',
    path,
    title,
    summary: 'Returns the process id of the worker and fails 20 ms later.',
    ...json,
    handler() {
      setTimeout(fail, 20);
      return { pid: process.pid };
    },
  });
}

function spin(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

/** Uses CPU time, however long the worker waits for a CPU in between. */
function work(ms: number): void {
  const before = process.threadCpuUsage();
  const usedMs = () => {
    const { user, system } = process.threadCpuUsage(before);
    return (user + system) / 1_000;
  };
  while (usedMs() < ms);
}

async function* failAfter(kilobytes: number): AsyncGenerator<string> {
  for (let i = 0; i < kilobytes; i += 1) yield 'x'.repeat(1024);
  await sleep(1);
  throw new Error('the source failed');
}

async function* drip(): AsyncGenerator<string> {
  for (;;) {
    yield 'drop\n';
    await sleep(20);
  }
}
