import { Agent, request, type RequestOptions } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { PATIENCE_MS } from '../statistics.ts';
import type { Ledger } from './ledger.ts';
import { BOUNDS, monotonicMs, type Order } from './order.ts';

/** After this a client has given up: longer than its patience, so that late answers are seen as late. */
const GIVE_UP_MS = 2 * PATIENCE_MS;

/**
 * Requests that are made at a rate, whatever became of those before: nobody waits for an answer, and one that finds
 * no free connection waits for it with its clock running. So a stall shows in every request that it delayed, and
 * nothing has to be corrected afterwards. What this process itself is late by is no latency of the service, and is
 * noted apart.
 *
 * autocannon's rate is not used for it: it sends each connection's requests of a second in one burst, and its
 * correction takes one millisecond for the interval between two requests whatever the rate is, so that a service of
 * a constant 100 ms is said to have a median of 50.
 */
export async function shootOpen({ url, load, seconds }: Order, ledger: Ledger): Promise<void> {
  if (load.model !== 'open') throw new Error('this is no open load');
  const rate = Math.min(load.rate, BOUNDS.rate);
  const agent = new Agent({ keepAlive: true, maxSockets: BOUNDS.connections, scheduling: 'fifo' });
  const { hostname, port, pathname, search } = new URL(url);
  const options = { agent, hostname, port, path: pathname + search, headers: { ...load.shot.headers } };
  const beginAt = monotonicMs();
  const running = new Set<Promise<void>>();
  const wanted = Math.floor(rate * seconds);

  for (let sent = 0; sent < wanted;) {
    const now = monotonicMs();
    const due = Math.min(wanted, Math.floor(((now - beginAt) * rate) / 1000) + 1);
    for (; sent < due; sent += 1) {
      const dueAt = beginAt + (sent * 1000) / rate;
      if (running.size >= BOUNDS.waiting) {
        ledger.note(dueAt, GIVE_UP_MS, 0);
        continue;
      }
      const madeAt = monotonicMs();
      const exchange = ask(options).then((status) => {
        ledger.note(madeAt, monotonicMs() - madeAt, status, madeAt - dueAt);
        running.delete(exchange);
      });
      running.add(exchange);
    }
    await sleep(1);
  }
  await Promise.all(running);
  agent.destroy();
}

/** @returns the status, or 0 where no whole answer came before it was given up; nothing is tried again */
function ask(options: RequestOptions): Promise<number> {
  return new Promise((resolve) => {
    let begun = false;
    const req = request(options, (res) => {
      begun = true;
      res.resume();
      res.on('error', () => undefined);
      res.on('close', () => end(res.complete ? (res.statusCode ?? 0) : 0));
    });
    const timer = setTimeout(() => req.destroy(), GIVE_UP_MS);
    const end = (status: number) => {
      clearTimeout(timer);
      resolve(status);
    };
    req.on('error', () => end(0));
    req.on('close', () => {
      if (!begun) end(0); // otherwise the answer has an end of its own
    });
    req.end();
  });
}
