/**
 * A small service with one fault. Each request computes, allocates, uses the thread pool and calls another service. It
 * reports the figures of this process since the last order.
 */
import { pbkdf2, pbkdf2Sync } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { performance, PerformanceObserver } from 'node:perf_hooks';
import process from 'node:process';
import { median } from '../../shared/statistics.ts';
import { EventLoopProbe } from '../kit/measure/event-loop-probe.ts';
import { fastestMs } from '../kit/measure/fastest.ts';
import { fetchResponse } from '../kit/measure/loopback.ts';

export type Cause = 'blocked' | 'gc' | 'pool' | 'downstream' | 'none';

/** An order: has the fault from now on, and begins to measure. */
export interface DiagnoseOrder {
  readonly cause: Cause;
}

/** What every monitoring reports of a process. */
export interface ProcessFigures {
  readonly eventLoopUtilization: number;
  /** How late a timer was, at the mean. */
  readonly loopDelayMs: number;
  /** The share of the time that garbage collections paused. */
  readonly gcShare: number;
  /** How long a call of the file system took, at the median. */
  readonly poolMs: number;
  /** Cores that the process kept busy. */
  readonly cpuCores: number;
}

export type DiagnoseReply = { readonly port: number } | ProcessFigures;

const BLOCK_MS = 40;
/** Objects per request. Of all, a window of the newest stays reachable, which nearly fills the heap of this process. */
const [OBJECTS, WINDOW] = [40_000, 200_000];
/** Tasks in the pool at any time, and how long one takes on any machine. */
const [POOL_TASKS, POOL_TASK_MS] = [8, 30];
const SAMPLE_ITERATIONS = 5_000;
const POOL_PROBE_EVERY_MS = 20;

const [downstream = ''] = process.argv.slice(2);
const sampleMs = fastestMs(3, () => void pbkdf2Sync('password', 'salt', SAMPLE_ITERATIONS, 32, 'sha256'));
const iterations = Math.round((SAMPLE_ITERATIONS * POOL_TASK_MS) / sampleMs);
const neverAborted = new AbortController().signal;
const newest = new Array<object>(WINDOW);
let allocated = 0;
let cause: Cause = 'none';
let measure: () => ProcessFigures = startToMeasure();

const server = createServer(
  (_req, res) =>
    void handle().then(
      () => res.end('done'),
      () => res.destroy(),
    ),
);

async function handle(): Promise<void> {
  if (cause === 'blocked') for (const end = performance.now() + BLOCK_MS; performance.now() < end;);
  if (cause === 'gc') allocate(OBJECTS);
  await stat(import.meta.filename);
  await fetchResponse(downstream, { signal: neverAborted });
}

function allocate(objects: number): void {
  for (let i = 0; i < objects; i += 1) {
    newest[allocated % WINDOW] = { id: allocated, values: [allocated, i], next: {} };
    allocated += 1;
  }
}

function fillPool(): void {
  if (cause === 'pool') pbkdf2('password', 'salt', iterations, 32, 'sha256', fillPool);
}

/** @returns a function that stops and returns the figures */
function startToMeasure(): () => ProcessFigures {
  const startedAt = performance.now();
  const utilization = performance.eventLoopUtilization();
  const cpu = process.cpuUsage();
  const probe = new EventLoopProbe();
  let gcMs = 0;
  const observer = new PerformanceObserver((list) => addPauses(list.getEntries()));
  const addPauses = (entries: readonly { readonly duration: number }[]) => {
    for (const { duration } of entries) gcMs += duration;
  };
  observer.observe({ entryTypes: ['gc'] });
  const poolMs: number[] = [];
  const poolProbe = setInterval(() => {
    const calledAt = performance.now();
    void stat(import.meta.filename).then(() => poolMs.push(performance.now() - calledAt));
  }, POOL_PROBE_EVERY_MS);
  return () => {
    clearInterval(poolProbe);
    addPauses(observer.takeRecords());
    observer.disconnect();
    const elapsedMs = performance.now() - startedAt;
    const { user, system } = process.cpuUsage(cpu);
    return {
      eventLoopUtilization: performance.eventLoopUtilization(utilization).utilization,
      loopDelayMs: probe.stop().meanDelayMs,
      gcShare: gcMs / elapsedMs,
      poolMs: poolMs.length === 0 ? 0 : median(poolMs),
      cpuCores: (user + system) / 1000 / elapsedMs,
    };
  };
}

process.on('message', (order: DiagnoseOrder | 'report') => {
  if (order === 'report') {
    reply(measure());
    return;
  }
  measure();
  cause = order.cause;
  if (cause === 'gc') allocate(WINDOW);
  for (let task = 0; task < POOL_TASKS; task += 1) fillPool();
  measure = startToMeasure();
});

server.listen(0, '127.0.0.1', () => reply({ port: (server.address() as AddressInfo).port }));

function reply(message: DiagnoseReply): void {
  process.send?.(message);
}
