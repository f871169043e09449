import { Agent, request, type RequestOptions } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { monotonicMs } from '../../../src/demos/kit/measure/monotonic.ts';
import { CLIENT_TIMEOUT_MS } from '../statistics.ts';
import { LIMITS, type LoadSpec } from './load-spec.ts';
import type { Recorder } from './recorder.ts';

/** Longer than the client timeout, so that late responses are recorded as late and not as failed. */
const REQUEST_TIMEOUT_MS = 2 * CLIENT_TIMEOUT_MS;

/**
 * Sends requests at a rate, regardless of responses. The latency of a request includes its wait for a
 * connection, so a stall shows in every request that it delayed, and no correction for coordinated omission is needed.
 * The delay of this process itself is not latency of the service; it is recorded separately.
 *
 * autocannon's rate mode is no substitute: it sends each connection's requests of a second in one burst, and its
 * correction assumes 1 ms between two requests at any rate. With a constant latency of 100 ms it reports a median of
 * 50 ms.
 */
export async function runOpen({ url, load, seconds }: LoadSpec, recorder: Recorder): Promise<void> {
  if (load.model !== 'open') throw new Error('not an open load');
  const rate = Math.min(load.rate, LIMITS.rate);
  const agent = new Agent({ keepAlive: true, maxSockets: LIMITS.connections, scheduling: 'fifo' });
  const { hostname, port, pathname, search } = new URL(url);
  const { headers, body } = load.request;
  const method = body === undefined ? 'GET' : 'POST';
  const options = { agent, hostname, port, method, path: pathname + search, headers: { ...headers } };
  const beginAt = monotonicMs();
  const pending = new Set<Promise<void>>();
  const total = Math.floor(rate * seconds);

  for (let sent = 0; sent < total;) {
    const elapsedMs = monotonicMs() - beginAt;
    const due = Math.min(total, Math.floor((elapsedMs * rate) / 1000) + 1);
    for (; sent < due; sent += 1) {
      const dueAt = beginAt + (sent * 1000) / rate;
      if (pending.size >= LIMITS.pending) {
        recorder.record(dueAt, REQUEST_TIMEOUT_MS, 0);
        continue;
      }
      const sentAt = monotonicMs();
      const exchange = send(options, body).then((status) => {
        recorder.record(sentAt, monotonicMs() - sentAt, status, sentAt - dueAt);
        pending.delete(exchange);
      });
      pending.add(exchange);
    }
    await sleep(1);
  }
  await Promise.all(pending);
  agent.destroy();
}

/** Sends a request without retries. @returns the status, or 0 without a complete response before the timeout */
function send(options: RequestOptions, body?: string): Promise<number> {
  return new Promise((resolve) => {
    let responded = false;
    const req = request(options, (res) => {
      responded = true;
      res.resume();
      res.on('error', () => undefined);
      res.on('close', () => settle(res.complete ? (res.statusCode ?? 0) : 0));
    });
    const timer = setTimeout(() => req.destroy(), REQUEST_TIMEOUT_MS);
    const settle = (status: number) => {
      clearTimeout(timer);
      resolve(status);
    };
    req.on('error', () => settle(0));
    req.on('close', () => {
      if (!responded) settle(0); // otherwise the response emits its own close
    });
    req.end(body);
  });
}
