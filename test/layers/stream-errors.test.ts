import { once } from 'node:events';
import { request as startRequest, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { createGzip } from 'node:zlib';
import { afterAll, describe, expect, test } from '@jest/globals';
import { Problem } from '../../src/http/problem.ts';
import { defineRoute, type Call, type Route } from '../../src/routes/route.ts';
import { until } from '../support/program.ts';
import { useTestApp } from '../support/use-test-app.ts';

type Streaming = (call: Pick<Call, 'res' | 'signal'>) => Promise<void>;

const sourceFailure = 'the source failed';
const cleanedUp: string[] = [];

async function* failAtOnce(): AsyncGenerator<string> {
  if (cleanedUp.length >= 0) throw new Error(sourceFailure);
  yield '';
}

async function* failLater(): AsyncGenerator<string> {
  yield 'the first half';
  await sleep(20);
  throw new Error(sourceFailure);
}

async function* endless(): AsyncGenerator<string> {
  for (;;) {
    yield 'more\n';
    await sleep(10);
  }
}

/** Streams, and cleans up in its own time, whatever happens. */
function route(path: string, stream: Streaming): Route {
  return defineRoute({
    method: 'get',
    path,
    title: 'Stream',
    summary: 'Streams text and cleans up.',
    response: { mediaType: 'text/plain', description: 'Text' },
    examples: [{ title: 'Stream' }],
    async handler({ res, signal }) {
      res.set({ 'Content-Type': 'text/plain', 'Cache-Control': 'no-transform', ETag: '"a"' });
      try {
        await stream({ res, signal });
      } finally {
        await sleep(50);
        cleanedUp.push(path);
      }
    },
  });
}

const early: Readonly<Record<string, Streaming>> = {
  'a pipeline of a stream': ({ res }) => pipeline(Readable.from(failAtOnce()), res),
  'a pipeline of a generator': ({ res, signal }) => pipeline(failAtOnce, res, { signal }),
  'a pipeline with a transform': ({ res }) => pipeline(Readable.from(failAtOnce()), createGzip(), res),
  'a pipe': async ({ res }) => {
    const source = Readable.from(failAtOnce()).on('error', (error) => res.destroy(error));
    source.pipe(res);
    await once(res, 'close');
  },
  'a handler that hides the error and goes on writing': async ({ res }) => {
    await pipeline(Readable.from(failAtOnce()), res).catch(() => undefined);
    res.write('more');
    res.end();
  },
};

const late: Readonly<Record<string, Streaming>> = {
  'a pipeline of a stream': ({ res }) => pipeline(Readable.from(failLater()), res),
  'a pipeline of a generator': ({ res, signal }) => pipeline(failLater, res, { signal }),
  'a loop that writes': async ({ res }) => {
    for await (const text of failLater()) res.write(text);
  },
  'a handler that hides the error': ({ res }) =>
    pipeline(Readable.from(failLater()), res).catch(() => undefined),
  'a problem': async ({ res }) => {
    res.write('the first half');
    await sleep(20);
    throw new Problem('conflict', { detail: sourceFailure });
  },
};

const abandoned: Readonly<Record<string, Streaming>> = {
  'the signal': ({ res, signal }) => pipeline(Readable.from(endless()), res, { signal }),
  'the pipeline': ({ res }) => pipeline(Readable.from(endless()), res),
  'the reason of the signal': async ({ res, signal }) => {
    res.write('more');
    await once(signal, 'abort');
    signal.throwIfAborted();
  },
};

const routes = [
  ...Object.values(early).map((stream, index) => route(`/early-${index}`, stream)),
  ...Object.values(late).map((stream, index) => route(`/late-${index}`, stream)),
  ...Object.values(abandoned).map((stream, index) => route(`/abandoned-${index}`, stream)),
  route('/fails-afterwards', async ({ res }) => {
    await pipeline(Readable.from(endless()), res).catch(() => undefined);
    throw new Error('the cleanup failed');
  }),
  route('/fails-after-its-end', ({ res }) => {
    res.end('all of it');
    return Promise.reject(new Error('the cleanup failed'));
  }),
  route('/destroyed', ({ res }) => {
    res.destroy();
    return Promise.resolve();
  }),
];
const service = await useTestApp({
  features: [
    {
      id: 'streams',
      base: '/streams',
      title: 'Streams',
      summary: 'For these tests.',
      guard: 'public',
      routes,
    },
  ],
});
const server = service.app.listen(0, '127.0.0.1');
await once(server, 'listening');
afterAll(() => {
  server.close();
});

interface Received {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly complete: boolean;
}

/** Requests a path. @returns what was received; undefined if the connection was closed before */
function get(path: string, requestId: string, disconnect = false): Promise<Received | undefined> {
  const { port } = server.address() as AddressInfo;
  const headers = { 'X-Request-Id': requestId };
  return new Promise((resolve) => {
    let responded = false;
    const request = startRequest({ port, path: `/streams${path}`, headers, agent: false }, (response) => {
      responded = true;
      let text = '';
      response.on('error', () => undefined);
      response.on('data', (chunk) => {
        text += String(chunk);
        if (disconnect) request.destroy();
      });
      response.on('close', () => {
        const { statusCode: status, complete } = response;
        resolve({ status, headers: response.headers, text, complete });
      });
    });
    request.on('error', () => undefined);
    request.on('close', () => {
      if (!responded) resolve(undefined);
    });
    request.end();
  });
}

/** Waits until the handler has cleaned up. @returns its access log line, and the errors of the request */
async function logged(path: string, requestId: string) {
  await until('the cleanup', () => cleanedUp.includes(path) || undefined);
  const lines = () => service.logged.filter((line) => line['requestId'] === requestId);
  const line = await until('the access log line', () => lines().find(({ event }) => event === 'request'));
  await sleep(20); // the error of the handler follows its cleanup
  const errors = lines()
    .filter(({ event }) => event !== 'request')
    .map(({ event, err }) => ({ event, message: (err as Error).message }));
  return { line, errors };
}

const failure = { event: 'request-failed', message: sourceFailure };

describe('a stream that fails before its first byte', () => {
  test.each(Object.keys(early))('gets an error response and one log line: %s', async (what) => {
    const path = `/early-${Object.keys(early).indexOf(what)}`;
    const response = await get(path, path.slice(1));
    expect(response).toMatchObject({ status: 500, complete: true });
    expect(response?.headers).toMatchObject({ 'content-type': 'application/problem+json' });
    expect(response?.headers).not.toHaveProperty('etag');
    expect(JSON.parse(response?.text ?? '')).toMatchObject({ code: 'internal-error' });
    const { line, errors } = await logged(path, path.slice(1));
    expect(line).toMatchObject({ status: 500 });
    expect(line).not.toHaveProperty('closedBy');
    expect(errors).toEqual([failure]);
  });
});

describe('a stream that fails in the middle', () => {
  test.each(Object.keys(late))('closes its connection, and the log has the cause: %s', async (what) => {
    const path = `/late-${Object.keys(late).indexOf(what)}`;
    const response = await get(path, path.slice(1));
    expect(response).toMatchObject({ status: 200, text: 'the first half', complete: false });
    const { line, errors } = await logged(path, path.slice(1));
    expect(line).toMatchObject({ status: 200, closedByServer: true, closedBy: 'error' });
    expect(errors).toEqual([
      { event: 'request-failed', message: expect.stringMatching(/the source failed|Conflict/) },
    ]);
  });

  test('is counted as aborted by an error, and not as 499', async () => {
    const text = await service.metrics.registry.metrics();
    expect(text).toContain(`http_responses_aborted_total{by="error"} ${Object.keys(late).length}`);
    expect(text).not.toMatch(/route="\/streams\/(early|late)[^}]*status="499"/);
  });
});

describe('a client that disconnects', () => {
  test.each(Object.keys(abandoned))('is logged with 499, without an error by %s', async (what) => {
    const path = `/abandoned-${Object.keys(abandoned).indexOf(what)}`;
    await get(path, path.slice(1), true);
    const { line, errors } = await logged(path, path.slice(1));
    expect(line).toMatchObject({ status: 499, closedBy: 'client' });
    expect(line).not.toHaveProperty('closedByServer');
    expect(errors).toEqual([]);
  });

  test('does not hide a later error of the handler', async () => {
    await get('/fails-afterwards', 'afterwards', true);
    const { line, errors } = await logged('/fails-afterwards', 'afterwards');
    expect(line).toMatchObject({ status: 499, closedBy: 'client' });
    expect(errors).toEqual([{ event: 'request-failed', message: 'the cleanup failed' }]);
  });
});

test('a handler that fails after the end of its response does not take it back', async () => {
  expect(await get('/fails-after-its-end', 'ended')).toMatchObject({ status: 200, text: 'all of it' });
  const { line, errors } = await logged('/fails-after-its-end', 'ended');
  expect(line).toMatchObject({ status: 200 });
  expect(errors).toEqual([{ event: 'request-failed', message: 'the cleanup failed' }]);
});

test('a handler that destroys its response is logged as the one who closed it', async () => {
  expect(await get('/destroyed', 'destroyed')).toBeUndefined();
  const { line } = await logged('/destroyed', 'destroyed');
  expect(line).toMatchObject({ status: 500, closedByServer: true, closedBy: 'handler' });
});
