/**
 * A server and its clients, in a thread so that their load does not delay this worker. The server serves, then hangs, cuts
 * every call that waits, starts again and serves as before. The clients call it regularly, and retry by one policy.
 */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import {
  ExponentialBackoff,
  fullJitterGenerator,
  handleAll,
  noJitterGenerator,
  noop,
  retry,
} from 'cockatiel';
import { fetchResponse } from '../kit/measure/loopback.ts';
import { monotonicMs } from '../kit/measure/monotonic.ts';
import { RETRY, type Policy, type RetryJob, type RetryReport } from './retry-protocol.ts';

const { policy, clients } = workerData as RetryJob;
const { everyMs, cutMs, restartMs, giveUpMs, slotMs, windowMs, workMs, refusalMs } = RETRY;
/** Twice what the usual load needs. */
const capacity = Math.ceil((2 * clients * workMs) / everyMs);

const startedAt = performance.now();
const now = () => performance.now() - startedAt;

const report = { usual: 0, cut: 0, refusedByHealthy: 0, lost: 0 };
/** Requests in each window after the cut. */
const windows: number[] = [];
const slots: { requests: number; served: number }[] = [];
let working = 0;

const server = createServer((_req, res) => {
  const arrivedMs = now();
  if (arrivedMs < everyMs) report.usual += 1;
  if (arrivedMs < cutMs) {
    // The second call of each client waits here, until the server cuts its connection.
    if (arrivedMs < everyMs) setTimeout(() => res.end(), workMs);
    else report.cut += 1;
    return;
  }
  const slot = slotAt(arrivedMs);
  slot.requests += 1;
  const window = Math.floor((arrivedMs - cutMs) / windowMs);
  windows[window] = (windows[window] ?? 0) + 1;
  if (arrivedMs < cutMs + restartMs) {
    refuse(res);
  } else if (working >= capacity) {
    report.refusedByHealthy += 1;
    refuse(res);
  } else {
    working += 1;
    slot.served += 1;
    setTimeout(() => {
      working -= 1;
      res.end();
    }, workMs);
  }
});

function refuse(res: ServerResponse): void {
  setTimeout(() => res.writeHead(503).end(), refusalMs);
}

function slotAt(atMs: number): { requests: number; served: number } {
  const index = Math.floor((atMs - cutMs) / slotMs);
  while (slots.length <= index) slots.push({ requests: 0, served: 0 });
  return slots[index] as { requests: number; served: number };
}

const backoff = { initialDelay: 150, maxDelay: 600 };
const forever = Number.POSITIVE_INFINITY;
const policies = {
  none: noop,
  immediate: retry(handleAll, { maxAttempts: forever }),
  backoff: retry(handleAll, {
    maxAttempts: forever,
    backoff: new ExponentialBackoff({ ...backoff, generator: noJitterGenerator }),
  }),
  jitter: retry(handleAll, {
    maxAttempts: forever,
    backoff: new ExponentialBackoff({ ...backoff, generator: fullJitterGenerator }),
  }),
} satisfies Record<Policy, unknown>;

server.listen(0, '127.0.0.1', () => void run());

async function run(): Promise<void> {
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  let cutAtMs = 0;
  setTimeout(() => {
    cutAtMs = monotonicMs();
    server.closeAllConnections();
  }, cutMs - now());
  const recoveries = await Promise.all(
    Array.from({ length: clients }, (_, index) => runClient(origin, index)),
  );
  server.close();
  server.closeAllConnections();
  const peak = windows.reduce((most, each) => Math.max(most, each), 0); // also over windows without requests
  const message: RetryReport = { ...report, cutAtMs, peak, slots, recoveries };
  parentPort?.postMessage(message);
}

/** Calls regularly. @returns when its first call after the cut succeeded; null if none did */
async function runClient(origin: string, index: number): Promise<number | null> {
  const endMs = cutMs + giveUpMs;
  const giveUp = AbortSignal.timeout(Math.round(endMs - now()));
  for (let dueMs = (everyMs * index) / clients; dueMs < endMs; dueMs += everyMs) {
    if (dueMs < now()) continue; // the last call took longer than the interval
    await sleep(dueMs - now());
    try {
      await policies[policy].execute(() => call(origin, giveUp), giveUp);
    } catch {
      report.lost += 1;
      continue;
    }
    if (now() > cutMs) return now() - cutMs;
  }
  return null;
}

async function call(origin: string, signal: AbortSignal): Promise<void> {
  const { status } = await fetchResponse(origin, { signal });
  if (status !== 200) throw new Error(`status ${status}`);
}
