/** Routes that inject faults. They are added to a copy of the program, never to the program itself. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { defineRoute, type FeatureSet } from '../../../src/http/feature.ts';
import { heavyRoutes } from './heavy-routes.ts'; // not in a copy

const answer = z.looseObject({});
const text = { mediaType: 'text/plain', description: 'Text' } as const;
const examples = [{ title: 'As it is' }] as const;
const number = (fallback: number) =>
  z.object({ n: z.coerce.number().int().min(0).max(1_000_000).default(fallback) });
const MB = 1024 * 1024;

export const faultRoutes: FeatureSet = {
  variables: {},
  load: async () => ({ create: () => ({ features: [createFeature()] }) }),
};

function createFeature() {
  const leaked: unknown[] = [];
  const base = { response: answer, examples, summary: 'Injects a fault' } as const;
  const routes = [
    defineRoute({ ...base, method: 'get', path: '/small', handler: () => ({ pid: process.pid }) }),
    defineRoute({
      ...base,
      method: 'post',
      path: '/body',
      body: { mediaType: '*/*', maxBytes: 1_000_000_000, description: 'Anything' },
      async handler({ body }) {
        let bytes = 0;
        for await (const chunk of body) bytes += chunk.length;
        return { bytes };
      },
    }),
    defineRoute({
      ...base,
      method: 'get',
      path: '/slow',
      query: number(1_000),
      async handler({ query }) {
        await sleep(query.n);
        return { slept: query.n };
      },
    }),
    defineRoute({
      ...base,
      method: 'get',
      path: '/work',
      query: number(10),
      handler({ query }) {
        work(query.n);
        return { worked: query.n };
      },
    }),
    defineRoute({
      ...base,
      method: 'get',
      path: '/work-later',
      query: number(10),
      async handler({ query }) {
        await sleep(1);
        work(query.n);
        return { worked: query.n };
      },
    }),
    defineRoute({
      ...base,
      method: 'post',
      path: '/busy',
      query: z.object({ secret: z.string().optional() }),
      handler() {
        spin(60_000);
        return {};
      },
    }),
    defineRoute({
      ...base,
      method: 'post',
      path: '/uncaught-exception',
      handler() {
        setTimeout(() => {
          throw new Error('thrown on purpose');
        }, 20);
        return { pid: process.pid };
      },
    }),
    defineRoute({
      ...base,
      method: 'post',
      path: '/uncaught-rejection',
      handler() {
        setTimeout(() => void Promise.reject(new Error('rejected on purpose')), 20);
        return { pid: process.pid };
      },
    }),
    defineRoute({
      ...base,
      method: 'post',
      path: '/orphan',
      handler() {
        // A shell that leaves its own child behind: whoever adopts that one has to ask after it.
        spawn('/bin/sh', ['-c', 'sleep 0.5 &'], { stdio: 'ignore' });
        return {};
      },
    }),
    defineRoute({
      ...base,
      method: 'post',
      path: '/leak',
      query: number(1),
      handler({ query }) {
        // Small objects: a large buffer would not be on the heap.
        for (let i = 0; i < query.n * 10_000; i += 1)
          leaked.push({ i, text: `leaked ${i} ${leaked.length}` });
        return { leaked: leaked.length };
      },
    }),
    defineRoute({
      ...base,
      method: 'post',
      path: '/json',
      body: z.object({ name: z.string().max(20), size: z.number() }),
      handler: ({ body }) => ({ name: body.name }),
    }),
    defineRoute({
      ...base,
      response: text,
      method: 'get',
      path: '/events',
      async handler({ res, draining, signal }) {
        res.set('Content-Type', 'text/event-stream').flushHeaders();
        res.write('event: hello\ndata: 1\n\n');
        const ended = AbortSignal.any([draining, signal]);
        if (!ended.aborted) await once(ended, 'abort');
        res.end('event: goodbye\ndata: reconnect\n\n');
      },
    }),
    defineRoute({
      ...base,
      response: text,
      method: 'get',
      path: '/endless',
      async handler({ res, signal }) {
        res.set('Content-Type', 'text/plain');
        await pipeline(Readable.from(drops()), res, { signal });
      },
    }),
    defineRoute({
      ...base,
      response: text,
      method: 'get',
      path: '/flood',
      query: number(64),
      async handler({ res, query, signal }) {
        res.set('Content-Type', 'text/plain');
        const block = Buffer.alloc(MB, 'x');
        await pipeline(Readable.from(Array.from({ length: query.n }, () => block)), res, { signal });
      },
    }),
    ...heavyRoutes, // not in a copy
  ];
  return { id: 'faults', base: '/faults', title: 'Faults', summary: 'For fault runs', routes };
}

function spin(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

/** Uses so much CPU time, however long that takes. */
function work(ms: number): void {
  const before = process.threadCpuUsage();
  const used = () => {
    const { user, system } = process.threadCpuUsage(before);
    return (user + system) / 1_000;
  };
  while (used() < ms);
}

async function* drops(): AsyncGenerator<string> {
  for (;;) {
    yield 'drop\n';
    await sleep(20);
  }
}
