import { once } from 'node:events';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { z } from 'zod';
import { Problem } from '../../src/http/problem.ts';
import { defineRoute } from '../../src/routes/route.ts';
import { until } from '../support/program.ts';
import { useTestApp } from '../support/use-test-app.ts';

let made = 0;
const reasons: unknown[] = [];
const common = { method: 'get', summary: 'For these tests.', examples: [{ title: 'Request' }] } as const;
const text = { mediaType: 'text/plain', description: 'Lines' };

const endless = defineRoute({
  ...common,
  path: '/endless',
  title: 'Send lines without an end',
  response: text,
  async handler({ res, signal }) {
    res.set('X-Kind', 'endless').type('text').flushHeaders();
    signal.addEventListener('abort', () => reasons.push(signal.reason));
    for (;;) {
      made += 1;
      res.write('line\n');
      await sleep(10, undefined, { signal });
    }
  },
});
const piped = defineRoute({
  ...common,
  path: '/piped',
  title: 'Pipe lines without an end',
  query: z.strictObject({ missing: z.literal('yes').optional() }),
  response: text,
  async handler({ query, res, signal }) {
    if (query.missing === 'yes') throw new Problem('not-found');
    async function* lines() {
      for (;;) {
        made += 1;
        yield 'line\n';
        await sleep(1, undefined, { signal });
      }
    }
    await pipeline(Readable.from(lines()), res.type('text'), { signal });
  },
});
const quiet = defineRoute({
  ...common,
  path: '/quiet',
  title: 'Send the head, then nothing',
  response: text,
  async handler({ res, signal }) {
    res.type('text').flushHeaders();
    await once(signal, 'abort');
  },
});
const json = defineRoute({
  ...common,
  path: '/json',
  title: 'Send a long text',
  response: z.string(),
  handler: () => 'x'.repeat(10_000),
});
const service = await useTestApp({
  features: [
    {
      id: 'head',
      base: '/head',
      title: 'Head',
      summary: 'For these tests.',
      guard: 'public',
      routes: [endless, piped, quiet, json],
    },
  ],
});
const { client, logged } = service;

test.each(['endless', 'piped'])(
  'HEAD ends the stream /%s where its content would begin, and aborts the handler',
  async (path) => {
    made = 0;
    const response = await client
      .head(`/head/${path}`)
      .expect(200)
      .expect('Content-Type', /^text\/plain/);
    expect(response.headers['content-length']).toBeUndefined();
    const afterwards = made;
    await sleep(100);
    expect(afterwards).toBeLessThan(5);
    expect(made).toBeLessThan(afterwards + 5);
    await until('the log line', () => logged.some(({ path: of }) => of === `/head/${path}`) || undefined);
    expect(logged.filter(({ event }) => event === 'request-failed')).toEqual([]);
    expect(logged.find(({ path: of }) => of === `/head/${path}`)).toMatchObject({ status: 200 });
  },
);

test('HEAD ends a stream as soon as its head has been sent', async () => {
  await client.head('/head/quiet').expect(200);
  const line = await until('the log line', () => logged.find(({ path }) => path === '/head/quiet'));
  expect(line).toMatchObject({ status: 200 }); // 499 if it went on until the client closed the connection
});

test('HEAD has the headers and the status that the handler decides', async () => {
  expect((await client.head('/head/endless')).headers['x-kind']).toBe('endless');
  await client.head('/head/piped?missing=yes').expect(404);
});

test('the response to HEAD has no length if that to GET may be compressed', async () => {
  const head = await client
    .head('/head/json')
    .set('Accept-Encoding', 'gzip')
    .expect('Vary', /Accept-Encoding/);
  expect(head.headers['content-length']).toBeUndefined();
});
