/**
 * Two instances of a server, clients with kept connections, and a balancer that sends them to the first instance while it
 * is ready. The first one stops while they call. In a thread, so that other requests do not delay them.
 */
import { once } from 'node:events';
import { Agent, createServer, request, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { fetchResponse } from '../kit/measure/loopback.ts';
import { monotonicMs } from '../kit/measure/monotonic.ts';

export interface DrainJob {
  /** `close` stops with server.close() alone; `settle` announces it first. */
  readonly way: 'close' | 'settle';
  readonly clients: number;
  readonly settleMs: number;
  /** How often the balancer asks whether the first instance is ready. */
  readonly probeMs: number;
  /** How long the clients go on after the stop began. */
  readonly watchMs: number;
}

export interface DrainReport {
  /** When the stop began, by `monotonicMs()`. */
  readonly stopAtMs: number;
  /** Requests that began after it, by where they were served. */
  readonly servedByStopping: number;
  readonly servedByOther: number;
  /** Their connection was refused. */
  readonly refused: number;
  /** Their connection was closed before the response. */
  readonly reset: number;
  /** From the stop until the balancer sends no more requests there. */
  readonly noticedMs: number | null;
  /** From the stop until the server was closed; null if it was not while the clients went on. */
  readonly closedMs: number | null;
  /** Its connections that were open at the end. */
  readonly stillOpen: number;
}

const { way, clients, settleMs, probeMs, watchMs } = workerData as DrainJob;
const WARM_UP_MS = 400;
const WORK_MS = 10;
const MAX_PAUSE_MS = 20;

class Instance {
  isReady = true;
  isDraining = false;
  readonly server = createServer((req, res) => {
    if (this.isDraining) res.setHeader('Connection', 'close');
    if (req.url === '/readyz') res.writeHead(this.isReady ? 200 : 503).end();
    else setTimeout(() => res.end(), WORK_MS);
  });

  async listen(): Promise<void> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    this.port = (this.server.address() as AddressInfo).port;
  }

  port = 0;
}

const stopping = new Instance();
const other = new Instance();
await Promise.all([stopping.listen(), other.listen()]);

const counts = { servedByStopping: 0, servedByOther: 0, refused: 0, reset: 0 };
let target = stopping;
let stopAtMs = Number.POSITIVE_INFINITY;
let noticedMs: number | null = null;
let closedMs: number | null = null;
const ended = new AbortController();
const { signal } = ended;

let probed = Promise.withResolvers<undefined>();

async function balance(): Promise<void> {
  while (!signal.aborted) {
    const url = `http://127.0.0.1:${stopping.port}/readyz`;
    const isReady = await fetchResponse(url, { signal }).then(
      ({ status }) => status === 200,
      () => false,
    );
    if (!isReady && target === stopping) {
      target = other;
      noticedMs = monotonicMs() - stopAtMs;
    }
    probed.resolve(undefined);
    probed = Promise.withResolvers();
    await sleep(probeMs);
  }
}

async function runClient(): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  while (!signal.aborted) {
    const startMs = monotonicMs();
    const chosen = target;
    try {
      await call(agent, chosen.port);
      if (startMs >= stopAtMs) counts[chosen === stopping ? 'servedByStopping' : 'servedByOther'] += 1;
    } catch (error) {
      // A request that was in flight when the stop began counts as well.
      counts[(error as NodeJS.ErrnoException).code === 'ECONNREFUSED' ? 'refused' : 'reset'] += 1;
    }
    await sleep(Math.random() * MAX_PAUSE_MS);
  }
  agent.destroy();
}

async function call(agent: Agent, port: number): Promise<void> {
  const sent = request({ host: '127.0.0.1', port, agent });
  sent.end();
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  response.resume();
  await once(response, 'end');
}

async function stop(): Promise<void> {
  stopAtMs = monotonicMs();
  if (way === 'settle') {
    stopping.isReady = false;
    stopping.isDraining = true;
    await sleep(settleMs);
  }
  stopping.server.close(() => {
    closedMs = monotonicMs() - stopAtMs;
  });
}

const running = [balance(), ...Array.from({ length: clients }, runClient)];
await sleep(WARM_UP_MS);
await probed.promise; // the balancer notices as late as it can
await stop();
await sleep(stopAtMs + watchMs - monotonicMs());
const stillOpen = await new Promise<number>((resolve, reject) => {
  stopping.server.getConnections((error, open) => (error === null ? resolve(open) : reject(error)));
});
const report: DrainReport = { stopAtMs, ...counts, noticedMs, closedMs, stillOpen };
ended.abort();
await Promise.all(running);
for (const { server } of [stopping, other]) {
  server.close();
  server.closeAllConnections();
}
parentPort?.postMessage(report);
