import type { Settings } from '../config/config.ts';
import type { Config } from '../config/core-variables.ts';
import type { ReloadResult } from '../supervision/supervision.ts';
import type { EventLog } from './event-log.ts';
import type { Replacement } from './replacement.ts';
import type { Workers } from './workers.ts';

/** Read once by the primary: a reload cannot change them. */
const FIXED = [
  'WORKERS',
  'MANAGEMENT_HOST',
  'MANAGEMENT_PORT',
  'HOST',
  'PORT',
  'REDIS_URL',
  'REDIS_TIMEOUT_MS',
] as const;

interface ReloadsOptions {
  readonly workers: Workers;
  readonly replacement: Replacement;
  readonly events: EventLog;
  readonly stopping: () => boolean;
  /** Reads the settings again. */
  readonly readSettings: () => Settings;
}

/** Rolling reloads, one at a time. */
export class Reloads {
  readonly #options: ReloadsOptions;
  readonly #started: Config;
  #running = false;
  /** Requested and not yet begun: it will read what is on disk by then, so later requests join it. */
  #waiting: Promise<ReloadResult> | undefined;

  constructor(options: ReloadsOptions) {
    this.#options = options;
    this.#started = options.workers.settings.config;
  }

  /**
   * Replaces every worker, one after the other: the new one is ready before the old one drains. If a new one cannot
   * start, the reload stops there. Of several calls during a reload the first is queued and the others join it.
   */
  reload(): Promise<ReloadResult> {
    this.#waiting ??= this.#enqueue(this.#running);
    return this.#waiting;
  }

  #enqueue(queued: boolean): Promise<ReloadResult> {
    return this.#options.replacement.inTurn(async () => {
      this.#waiting = undefined;
      this.#running = true;
      try {
        return { ...(await this.#run()), queued };
      } finally {
        this.#running = false;
      }
    });
  }

  async #run(): Promise<Omit<ReloadResult, 'queued'>> {
    const { workers, replacement, events, stopping, readSettings } = this.#options;
    const startedAt = performance.now();
    // Workers that are still starting have the old settings and the old code, too.
    const old = workers.all.filter(({ state }) => state === 'starting' || state === 'ready');
    const result = (ok: boolean, replaced: number) => ({
      ok,
      replaced,
      durationMs: Math.round(performance.now() - startedAt),
    });
    events.record('reload-started', { workers: old.length });
    let replaced = 0;
    const before = workers.settings;
    try {
      workers.settings = readSettings();
      for (const worker of old) {
        await worker.ready.catch(() => undefined);
        if (stopping()) throw new Error('the service is shutting down');
        if (worker.state !== 'ready') continue; // it died, and its replacement has the new code already
        await replacement.replace(worker, 'reload');
        replaced += 1;
      }
    } catch (error) {
      workers.settings = before; // also for replacements of workers that crash later
      const reason = error instanceof Error ? error.message : String(error);
      events.record('reload-failed', { replaced, reason });
      return { ...result(false, replaced), reason };
    }
    const needRestart = FIXED.filter((name) => workers.settings.config[name] !== this.#started[name]);
    const { ok, durationMs } = result(true, replaced);
    const restart = needRestart.length > 0 ? { needRestart } : {};
    events.record('reload-finished', { replaced, durationMs, ...restart });
    return { ok, replaced, durationMs, ...restart };
  }
}
