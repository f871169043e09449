import { monitorEventLoopDelay, performance, type EventLoopUtilization } from 'node:perf_hooks';
import process from 'node:process';
import { getHeapStatistics } from 'node:v8';
import type { Vitals } from './vitals.ts';

const WINDOW_MS = 500;
const RESOLUTION_MS = 10;

/** Samples the vitals of this process once per window, so that reading them costs a request nothing. */
export class VitalsMonitor {
  readonly #delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  #utilization: EventLoopUtilization = performance.eventLoopUtilization();
  #cpu = process.cpuUsage();
  #memory = { heapUsed: 0, rss: 0 };
  #sampledAt = performance.now();
  #latest = this.#sample();
  #timer: NodeJS.Timeout | undefined;

  /** The vitals of the last complete window. */
  get latest(): Vitals {
    return this.#latest;
  }

  start(): void {
    this.#delay.enable();
    this.#timer = setInterval(() => {
      this.#latest = this.#sample();
    }, WINDOW_MS);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#delay.disable();
  }

  /** Node.js opens a file to read it: without a free file descriptor the last reading has to do. */
  #readMemory(): { readonly heapUsed: number; readonly rss: number } {
    try {
      this.#memory = process.memoryUsage();
    } catch {
      // A connection flood may use up all file descriptors; this must not end the process.
    }
    return this.#memory;
  }

  #sample(): Vitals {
    const now = performance.now();
    const utilization = performance.eventLoopUtilization();
    const busy = performance.eventLoopUtilization(utilization, this.#utilization);
    const cpu = process.cpuUsage(this.#cpu);
    const { heapUsed, rss } = this.#readMemory();
    const vitals: Vitals = {
      uptimeS: round(process.uptime()),
      eventLoop: {
        utilization: round(busy.utilization),
        meanDelayMs: lateness(this.#delay.mean),
        p99DelayMs: lateness(this.#delay.percentile(99)),
        maxDelayMs: lateness(this.#delay.max),
      },
      cpuPercent: round((cpu.user + cpu.system) / 10 / Math.max(1, now - this.#sampledAt)),
      heapUsedBytes: heapUsed,
      heapLimitBytes: getHeapStatistics().heap_size_limit,
      rssBytes: rss,
    };
    this.#delay.reset();
    this.#utilization = utilization;
    this.#cpu = process.cpuUsage();
    this.#sampledAt = now;
    return vitals;
  }
}

/** Converts the histogram's intervals between ticks (ns) to delays (ms): an interval equals the resolution if nothing is late. */
function lateness(nanoseconds: number): number {
  return Number.isFinite(nanoseconds) ? Math.max(0, round(nanoseconds / 1e6 - RESOLUTION_MS)) : 0;
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
