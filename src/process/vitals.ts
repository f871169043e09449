import { monitorEventLoopDelay, performance, type EventLoopUtilization } from 'node:perf_hooks';
import process from 'node:process';
import { getHeapStatistics } from 'node:v8';

/** How a process feels. All times in milliseconds, all sizes in bytes. */
export interface Vitals {
  readonly uptimeS: number;
  readonly eventLoop: {
    /** Share of the last window in which the event loop was busy, 0 to 1. */
    readonly utilization: number;
    /** How late timers were in the last window. */
    readonly meanDelayMs: number;
    readonly p99DelayMs: number;
    readonly maxDelayMs: number;
  };
  readonly cpuPercent: number;
  readonly heapUsedBytes: number;
  readonly heapLimitBytes: number;
  readonly rssBytes: number;
}

const WINDOW_MS = 500;
const RESOLUTION_MS = 10;

/** Samples this process's vitals window by window, so that reading them costs a request nothing. */
export class VitalsMonitor {
  readonly #delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  #utilization: EventLoopUtilization = performance.eventLoopUtilization();
  #cpu = process.cpuUsage();
  #memory = { heapUsed: 0, rss: 0 };
  #sampledAt = performance.now();
  #latest: Vitals;
  readonly #timer: NodeJS.Timeout;

  constructor() {
    this.#delay.enable();
    this.#latest = this.#sample();
    this.#timer = setInterval(() => {
      this.#latest = this.#sample();
    }, WINDOW_MS);
    this.#timer.unref();
  }

  /** The vitals of the last whole window. */
  get latest(): Vitals {
    return this.#latest;
  }

  /** Node.js opens a file to read it: where there is no descriptor left, what was read last must do. */
  #readMemory(): { readonly heapUsed: number; readonly rss: number } {
    try {
      this.#memory = process.memoryUsage();
    } catch {
      // A flood of connections may take all descriptors, and must not end the process by this.
    }
    return this.#memory;
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#delay.disable();
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

/** The histogram holds the time between two ticks in nanoseconds, which is its resolution when nothing is late. */
function lateness(nanoseconds: number): number {
  return Number.isFinite(nanoseconds) ? Math.max(0, round(nanoseconds / 1e6 - RESOLUTION_MS)) : 0;
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
