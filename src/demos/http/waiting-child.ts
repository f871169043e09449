/** A server whose requests only wait: on the event loop, by blocking it, or by blocking one of a few threads. */
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { WaitingListening, WaitingReport, Way } from './waiting-protocol.ts';

const [way = 'wait', waitMs = '0', poolThreads = '0'] = process.argv.slice(2);
/** Plain JavaScript: to strip the types of a file takes as much memory again as a thread itself. */
const threadProgram = `
  const { parentPort } = require('node:worker_threads');
  ${block.toString()}
  parentPort.on('message', (waitMs) => parentPort.postMessage(block(waitMs)));
  parentPort.postMessage('ready');`;

let atOnce = 0;
let maxAtOnce = 0;
let baseBytes = 0;
let peakBytes = 0;
let cpuAtStart = process.cpuUsage();
const free: Worker[] = [];
const waiting: ((thread: Worker) => void)[] = [];

/** Counts those that wait, which is not all that have arrived. */
function enter(): void {
  atOnce += 1;
  maxAtOnce = Math.max(maxAtOnce, atOnce);
  peakBytes = Math.max(peakBytes, process.memoryUsage.rss());
}

/** Blocks this thread without using a core, as a synchronous driver or `execSync` does while it waits. */
function block(waitMs: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, waitMs);
}

const waits: Readonly<Record<Way, () => Promise<void>>> = {
  async wait() {
    enter();
    await sleep(Number(waitMs));
    atOnce -= 1;
  },
  block() {
    enter();
    block(Number(waitMs));
    atOnce -= 1;
    return Promise.resolve();
  },
  async threads() {
    const thread = free.pop() ?? (await new Promise<Worker>((resolve) => waiting.push(resolve)));
    enter();
    thread.postMessage(Number(waitMs));
    await once(thread, 'message');
    atOnce -= 1;
    const next = waiting.shift();
    if (next === undefined) free.push(thread);
    else next(thread);
  },
};

const server = createServer((req, res) => {
  if (req.url === '/warm-up') res.end();
  else void waits[way as Way]().then(() => res.end());
});
server.listen({ host: '127.0.0.1', port: 0, backlog: 1_024 });
await once(server, 'listening');

process.on('message', (order: 'start' | 'report') => {
  if (order === 'start') void start();
  else process.send?.(report());
});

async function start(): Promise<void> {
  baseBytes = process.memoryUsage.rss();
  if (way === 'threads') {
    const threads = Array.from(
      { length: Number(poolThreads) },
      () => new Worker(threadProgram, { eval: true }),
    );
    await Promise.all(threads.map((thread) => once(thread, 'message')));
    free.push(...threads);
  }
  cpuAtStart = process.cpuUsage();
  process.send?.('started');
}

function report(): WaitingReport {
  const { user, system } = process.cpuUsage(cpuAtStart);
  return {
    maxAtOnce,
    cpuMs: (user + system) / 1_000,
    threads: countThreads(),
    rssGrewBytes: Math.max(0, peakBytes - baseBytes),
  };
}

function countThreads(): number | null {
  try {
    return readdirSync('/proc/self/task').length;
  } catch {
    return null;
  }
}

const listening: WaitingListening = { port: (server.address() as AddressInfo).port };
process.send?.(listening);
