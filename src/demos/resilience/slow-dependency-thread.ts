/**
 * A server that plays two dependencies, one of which hangs for a while, and a caller of both, in a thread so that their
 * load does not delay this worker.
 */
import { Agent, createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import {
  BrokenCircuitError,
  bulkhead,
  BulkheadRejectedError,
  circuitBreaker,
  CircuitState,
  ConsecutiveBreaker,
  handleAll,
  noop,
  TaskCancelledError,
  timeout,
  TimeoutStrategy,
  wrap,
} from 'cockatiel';
import { monotonicMs } from '../kit/measure/monotonic.ts';
import {
  SLOW_DEPENDENCY,
  type BreakerState,
  type Call,
  type Outcome,
  type SlowDependencyJob,
  type SlowDependencyReport,
} from './slow-dependency-protocol.ts';

const { guard } = workerData as SlowDependencyJob;
const { connections, everyMs, workMs, hangsFromMs, hangsUntilMs, endMs } = SLOW_DEPENDENCY;

let startedAt = performance.now();
const now = () => performance.now() - startedAt;

const server = createServer((req, res) => {
  const atMs = now();
  const hangs = req.url === '/slow' && atMs >= hangsFromMs && atMs < hangsUntilMs;
  setTimeout(respond, hangs ? hangsUntilMs - atMs : workMs, res);
});

function respond(res: ServerResponse): void {
  res.end('done');
}

const agent = new Agent({ keepAlive: true, maxSockets: connections });
let inFlight = 0;
let peakInFlight = 0;

async function callDependency(path: string, signal: AbortSignal): Promise<void> {
  const { port } = server.address() as AddressInfo;
  const sent = request({ host: '127.0.0.1', port, path, agent, signal });
  sent.end();
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  response.resume();
  await once(response, 'end');
}

const limit = timeout(SLOW_DEPENDENCY.timeoutMs, TimeoutStrategy.Aggressive);
const breaker = circuitBreaker(handleAll, {
  breaker: new ConsecutiveBreaker(SLOW_DEPENDENCY.failures),
  halfOpenAfter: SLOW_DEPENDENCY.halfOpenAfterMs,
});
const policies = {
  none: noop,
  timeout: limit,
  bulkhead: bulkhead(SLOW_DEPENDENCY.bulkhead),
  breaker: wrap(breaker, limit), // a call that hangs does not fail by itself
};

const states: BreakerState[] = guard === 'breaker' ? [{ state: 'closed', startMs: 0 }] : [];
breaker.onStateChange((state) => {
  const name =
    state === CircuitState.Open ? 'open' : state === CircuitState.HalfOpen ? 'half-open' : 'closed';
  states.push({ state: name, startMs: now() });
});

async function measure(call: () => Promise<void>): Promise<Call> {
  const startMs = now();
  let outcome: Outcome = 'succeeded';
  try {
    await call();
  } catch (error) {
    outcome = outcomeOf(error);
  }
  return { startMs, endMs: now(), outcome };
}

function outcomeOf(error: unknown): Outcome {
  if (error instanceof BulkheadRejectedError || error instanceof BrokenCircuitError) return 'spared';
  if (error instanceof TaskCancelledError) return 'timedOut';
  throw error;
}

const never = new AbortController().signal;

function callSlow(): Promise<Call> {
  return measure(() =>
    policies[guard].execute(async ({ signal }) => {
      peakInFlight = Math.max(peakInFlight, (inFlight += 1));
      try {
        await callDependency('/slow', signal);
      } finally {
        inFlight -= 1;
      }
    }),
  );
}

server.listen(0, '127.0.0.1');
await once(server, 'listening');
await callDependency('/healthy', never); // the first request of a thread is slower
startedAt = performance.now();
const startedAtMs = monotonicMs();
const healthy: Promise<Call>[] = [];
const slow: Promise<Call>[] = [];
for (let dueMs = 0; dueMs < endMs; dueMs += everyMs) {
  if (dueMs > now()) await sleep(dueMs - now());
  slow.push(callSlow());
  healthy.push(measure(() => callDependency('/healthy', never)));
}
const report: SlowDependencyReport = {
  startedAtMs,
  healthy: await Promise.all(healthy),
  slow: await Promise.all(slow),
  peakInFlight,
  states,
};
agent.destroy();
server.close();
server.closeAllConnections();
parentPort?.postMessage(report);
