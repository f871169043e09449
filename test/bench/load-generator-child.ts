/** The process that generates load, separate so that it can run on another CPU than the contestants. */
import { request } from 'node:http';
import { pipeline } from 'node:stream/promises';
import autocannon from 'autocannon';
import { countingSink, STREAM_BYTES, streamOf } from './stream-payload.ts';

export interface RequestsSpec {
  readonly url: string;
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly connections: number;
  readonly requests: number;
}

export interface RequestsResult {
  readonly requestsPerSecond: number;
  readonly p99Ms: number;
  readonly responses: number;
  readonly errors: number;
}

/** One large response or one large body. */
export interface StreamSpec {
  readonly url: string;
  readonly direction: 'down' | 'up';
}

export interface StreamResult {
  readonly megabytesPerSecond: number;
}

process.on('message', (spec: RequestsSpec | StreamSpec) => {
  const result = 'direction' in spec ? transfer(spec) : sendRequests(spec);
  void result.then((done) => process.send?.(done));
});
process.once('disconnect', () => process.exit(0));

async function sendRequests(spec: RequestsSpec): Promise<RequestsResult> {
  const { requests, headers, ...options } = spec;
  const startedAt = performance.now();
  let lastAt = startedAt;
  const result = await new Promise<autocannon.Result>((resolve, reject) => {
    const run = autocannon(
      { ...options, headers: { ...headers }, amount: requests },
      (error: unknown, done) => {
        if (error instanceof Error) reject(error);
        else resolve(done);
      },
    );
    // autocannon notices the end only when its current second is over.
    run.on('response', () => (lastAt = performance.now()));
  });
  const responses = result['1xx'] + result['2xx'] + result['3xx'] + result['4xx'] + result['5xx'];
  return {
    requestsPerSecond: (responses * 1000) / (lastAt - startedAt),
    p99Ms: result.latency.p99,
    responses,
    errors: result.errors + result.timeouts,
  };
}

async function transfer({ url, direction }: StreamSpec): Promise<StreamResult> {
  const startedAt = performance.now();
  const { sink, bytes } = countingSink();
  const headers = { 'Content-Type': 'application/octet-stream' };
  const req = request(url, { method: direction === 'up' ? 'POST' : 'GET', headers, agent: false });
  const received = new Promise<void>((resolve, reject) => {
    req.once('error', reject);
    req.once('response', (res) => void pipeline(res, sink).then(resolve, reject));
  });
  if (direction === 'up') await pipeline(streamOf(STREAM_BYTES), req);
  else req.end();
  await received;
  if (direction === 'down' && bytes() !== STREAM_BYTES) throw new Error(`${url} sent ${bytes()} bytes`);
  return { megabytesPerSecond: STREAM_BYTES / 1e3 / (performance.now() - startedAt) };
}
