/** The load, in a process of its own so that it can be kept off the contestants' core. */
import { request } from 'node:http';
import { pipeline } from 'node:stream/promises';
import autocannon from 'autocannon';
import { countingSink, STREAM_BYTES, streamOf } from './stream-payload.ts';

export interface LoadOrder {
  readonly url: string;
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly connections: number;
  readonly requests: number;
}

export interface LoadReport {
  readonly requestsPerSecond: number;
  readonly p99Ms: number;
  readonly answered: number;
  readonly errors: number;
  readonly statuses: readonly string[];
}

/** One long answer or one long body. */
export interface StreamOrder {
  readonly url: string;
  readonly direction: 'down' | 'up';
}

export interface StreamReport {
  readonly megabytesPerSecond: number;
}

process.on('message', (order: LoadOrder | StreamOrder) => {
  const report = 'direction' in order ? stream(order) : shoot(order);
  void report.then((done) => process.send?.(done));
});
process.once('disconnect', () => process.exit(0));

async function shoot({ url, method, headers, body, connections, requests }: LoadOrder): Promise<LoadReport> {
  const startedAt = performance.now();
  let lastAt = startedAt;
  const options = {
    url,
    method,
    headers: { ...headers },
    ...(body === undefined ? {} : { body }),
    connections,
    amount: requests,
  };
  const result = await new Promise<autocannon.Result>((resolve, reject) => {
    const running = autocannon(options, (error: unknown, done) => {
      if (error instanceof Error) reject(error);
      else resolve(done);
    });
    // autocannon itself sees the end only in its next whole second.
    running.on('response', () => (lastAt = performance.now()));
  });
  const answered = result['1xx'] + result['2xx'] + result['3xx'] + result['4xx'] + result['5xx'];
  return {
    requestsPerSecond: (answered * 1000) / (lastAt - startedAt),
    p99Ms: result.latency.p99,
    answered,
    errors: result.errors + result.timeouts,
    statuses: Object.keys(result.statusCodeStats ?? {}),
  };
}

async function stream({ url, direction }: StreamOrder): Promise<StreamReport> {
  const startedAt = performance.now();
  const { sink, bytes } = countingSink();
  const headers = { 'Content-Type': 'application/octet-stream' };
  const req = request(url, { method: direction === 'up' ? 'POST' : 'GET', headers, agent: false });
  const answered = new Promise<void>((resolve, reject) => {
    req.once('error', reject);
    req.once('response', (res) => void pipeline(res, sink).then(resolve, reject));
  });
  if (direction === 'up') await pipeline(streamOf(STREAM_BYTES), req);
  else req.end();
  await answered;
  if (direction === 'down' && bytes() !== STREAM_BYTES) throw new Error(`${url} gave ${bytes()} bytes`);
  return { megabytesPerSecond: STREAM_BYTES / 1e3 / (performance.now() - startedAt) };
}
