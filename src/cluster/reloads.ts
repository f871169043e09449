import type { Settings } from '../config/read.ts';
import type { Config } from '../config/variables.ts';
import type { EventLog } from './events.ts';
import type { Replacement } from './replacement.ts';
import type { Workers } from './workers.ts';

export interface ReloadResult {
  readonly ok: boolean;
  readonly replaced: number;
  readonly durationMs: number;
  /** Whether another reload was under way and this one had to wait for it. */
  readonly queued: boolean;
  readonly reason?: string;
  /** Variables that have changed and that only a start brings in. */
  readonly needRestart?: readonly (keyof Config)[];
}

/** What the primary goes by, which no reload replaces, and where clients look for the service. */
const FIXED = ['WORKERS', 'MANAGEMENT_HOST', 'MANAGEMENT_PORT', 'HOST', 'PORT'] as const;

interface ReloadsOptions {
  readonly workers: Workers;
  readonly replacement: Replacement;
  readonly events: EventLog;
  readonly stopping: () => boolean;
  /** Reads the settings anew. */
  readonly readSettings: () => Settings;
}

/** Rolling reloads, one at a time. */
export class Reloads {
  readonly #options: ReloadsOptions;
  readonly #started: Config;
  #running = false;
  /** Asked for and not yet begun: it will find whatever is on disk then, so that later calls need no other. */
  #waiting: Promise<ReloadResult> | undefined;

  constructor(options: ReloadsOptions) {
    this.#options = options;
    this.#started = options.workers.settings.config;
  }

  /**
   * Replaces every worker, one after the other: the new one is ready before the old one drains. If a new one cannot
   * start nothing more is changed. Of several calls during a reload one waits its turn and the others join it.
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
    // Also those that are about to be in service: they were started with the old settings, and the old code.
    const old = workers.all.filter(({ state }) => state === 'starting' || state === 'ready');
    const result = (ok: boolean, replaced: number, reason?: string) => ({
      ok,
      replaced,
      durationMs: Math.round(performance.now() - startedAt),
      ...(reason === undefined ? {} : { reason }),
    });
    events.record('reload-started', { workers: old.length });
    let replaced = 0;
    const before = workers.settings;
    try {
      workers.settings = readSettings();
      for (const worker of old) {
        await worker.ready.catch(() => undefined);
        if (stopping()) throw new Error('the service is stopping');
        if (worker.state !== 'ready') continue; // it fell meanwhile, and its replacement has the new code already
        await replacement.replace(worker, 'reload');
        replaced += 1;
      }
    } catch (error) {
      workers.settings = before; // also for who replaces a worker that crashes
      const reason = error instanceof Error ? error.message : String(error);
      events.record('reload-failed', { replaced, reason });
      return result(false, replaced, reason);
    }
    const needRestart = FIXED.filter((name) => workers.settings.config[name] !== this.#started[name]);
    const done = { ...result(true, replaced), ...(needRestart.length > 0 ? { needRestart } : {}) };
    events.record('reload-finished', { ...done });
    return done;
  }
}
