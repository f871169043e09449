import cluster from 'node:cluster';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../config.ts';
import type { Logger } from '../process/logger.ts';
import { EventLog } from './events.ts';
import { ExitCode, type WorkerReport } from './messages.ts';
import { HEARTBEATS_PER_TIMEOUT, SLOWEST_HEARTBEAT_MS } from './primary-handle.ts';
import { RestartPolicy } from './restart-policy.ts';
import { WorkerHandle } from './worker-handle.ts';

export interface SupervisorOptions {
  readonly config: Config;
  readonly log: Logger;
  /** Reads the configuration anew, for a reload. */
  readonly readConfig: () => Config;
  readonly onGone: (worker: WorkerHandle) => void;
  /** Where the primary really listens; workers are told. */
  readonly managementAddress: () => string;
  /** Called when no worker can be kept alive. */
  readonly onGiveUp: (reason: string) => void;
}

export interface ReloadResult {
  readonly ok: boolean;
  readonly replaced: number;
  readonly durationMs: number;
  /** Whether another reload was under way and this one had to wait for it. */
  readonly queued: boolean;
  readonly reason?: string;
}

/** What a worker may need beyond its own deadline before it is killed. */
const KILL_AFTER_DEADLINE_MS = 1_500;
/** In this time a signal that was sent to the whole process group has reached the primary as well. */
const SIGNAL_SETTLE_MS = 250;
/** Heartbeats over the heap limit after which a worker is recycled: one collection may still bring it down. */
const HEAP_STRIKES = 2;

/** Keeps `WORKERS` workers in service: forks, replaces, recycles, reloads and stops them. */
export class Supervisor {
  readonly events: EventLog;
  readonly #options: SupervisorOptions;
  #config: Config;
  readonly #workers = new Set<WorkerHandle>();
  readonly #policy = new RestartPolicy();
  readonly #restarts = new Map<number, number>();
  readonly #heapStrikes = new WeakMap<WorkerHandle, number>();
  #stopping: Promise<void> | undefined;
  /** Changes that take a worker out of service run one after the other, so that capacity never falls twice. */
  #turn: Promise<unknown> = Promise.resolve();
  #pendingReload: Promise<ReloadResult> | undefined;
  #reloading = false;
  #started = false;
  /** Set where any free port will do: one for all workers, and the same after a moment without a worker. */
  #port: number | undefined;
  #heartbeat: NodeJS.Timeout | undefined;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#config = options.config;
    this.events = new EventLog(options.log);
  }

  get workers(): readonly WorkerHandle[] {
    return [...this.#workers];
  }

  /** How often the worker of a place was replaced. */
  restartsOf(slot: number): number {
    return this.#restarts.get(slot) ?? 0;
  }

  get stopping(): boolean {
    return this.#stopping !== undefined;
  }

  /** Whether a request would be served: at least one worker is in service, and the service is not stopping. */
  get ready(): boolean {
    return !this.stopping && this.workers.some((worker) => worker.state === 'ready');
  }

  /**
   * Starts one worker, and the others together once it has shown that a worker can start.
   *
   * @returns the address they listen on
   * @throws {StartError} if the first cannot become ready
   */
  async start(): Promise<string> {
    // The workers share one listening socket, and the kernel gives a connection to one that waits for it. With the
    // default, the primary accepts and passes connections on: one that is on its way to a worker that dies or hangs
    // would be left without an answer for ever, and a paused primary would pause the service.
    cluster.schedulingPolicy = cluster.SCHED_NONE;
    if (this.#config.PORT === 0) this.#port = await findFreePort(this.#config.HOST);
    const first = this.#fork(0, true);
    const address = await first.ready;
    this.#started = true;
    const others = Array.from({ length: this.#config.WORKERS - 1 }, (_, index) =>
      this.#fork(index + 1, true),
    );
    await Promise.allSettled(others.map((worker) => worker.ready));
    this.#watchHeartbeats();
    return address;
  }

  /** Drains all workers at once; a later call joins the stop that is under way. */
  stop(reason: string): Promise<void> {
    this.#stopping ??= this.#stop(reason);
    return this.#stopping;
  }

  kill(): void {
    for (const worker of this.#workers) worker.kill();
  }

  /**
   * Replaces every worker, one after the other: the new one is ready before the old one drains. If a new one cannot
   * start nothing more is changed. Of several calls during a reload one waits its turn and the others join it.
   */
  reload(): Promise<ReloadResult> {
    if (!this.#reloading) return this.#queueReload(false);
    this.#pendingReload ??= this.#queueReload(true).finally(() => {
      this.#pendingReload = undefined;
    });
    return this.#pendingReload;
  }

  #queueReload(queued: boolean): Promise<ReloadResult> {
    return this.#inTurn(async () => {
      this.#reloading = true;
      try {
        return { ...(await this.#reload()), queued };
      } finally {
        this.#reloading = false;
      }
    });
  }

  async #reload(): Promise<Omit<ReloadResult, 'queued'>> {
    const startedAt = performance.now();
    const old = this.workers.filter((worker) => worker.state === 'ready');
    const result = (ok: boolean, replaced: number, reason?: string) => ({
      ok,
      replaced,
      durationMs: Math.round(performance.now() - startedAt),
      ...(reason === undefined ? {} : { reason }),
    });
    this.events.record('reload-started', { workers: old.length });
    let replaced = 0;
    try {
      this.#config = this.#options.readConfig();
      for (const worker of old) {
        if (this.stopping) throw new Error('the service is stopping');
        if (worker.state !== 'ready') continue; // it fell meanwhile, and its replacement has the new code already
        await this.#replace(worker, 'reload');
        replaced += 1;
      }
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.events.record('reload-failed', { replaced, reason });
      return result(false, replaced, reason);
    }
    const done = result(true, replaced);
    this.events.record('reload-finished', { ...done });
    return done;
  }

  /** Starts another worker in the same place and drains the old one once the new one is in service. */
  async #replace(old: WorkerHandle, reason: string): Promise<void> {
    const fresh = this.#fork(old.slot);
    // From here on its place is taken; if it should end by itself there is nothing left to replace.
    old.replaced = true;
    fresh.replaced = true;
    try {
      await fresh.ready;
    } catch (error) {
      old.replaced = false;
      if (old.state === 'gone' && !this.stopping) void this.#restart(old); // it fell meanwhile
      throw error;
    } finally {
      fresh.replaced = false;
    }
    this.#countRestart(old.slot);
    await this.#drain(old, reason, false);
  }

  #drain(worker: WorkerHandle, reason: string, keepListening: boolean): Promise<unknown> {
    const timeoutMs = this.#config.SHUTDOWN_TIMEOUT_MS + KILL_AFTER_DEADLINE_MS;
    return worker.drain(reason, { keepListening, timeoutMs });
  }

  async #stop(reason: string): Promise<void> {
    clearInterval(this.#heartbeat);
    this.#options.log.info({ event: 'stopping', reason }, `stopping: ${reason}`);
    await Promise.all(this.workers.map((worker) => this.#drain(worker, reason, true)));
  }

  #fork(slot: number, quiet = false): WorkerHandle {
    const worker = new WorkerHandle({
      slot,
      environment: {
        UV_THREADPOOL_SIZE: String(this.#config.THREAD_POOL_SIZE),
        ...(this.#port === undefined ? {} : { PORT: String(this.#port) }),
      },
      startTimeoutMs: this.#config.WORKER_START_TIMEOUT_MS,
      managementAddress: this.#options.managementAddress,
    });
    this.#workers.add(worker);
    this.events.record('forked', this.#identify(worker), quiet);
    worker.ready.then(
      () => {
        this.events.record(
          'ready',
          { ...this.#identify(worker), afterMs: Date.now() - worker.forkedAt },
          quiet,
        );
        // It was forked before the stop began and has not heard of it.
        if (this.stopping) void this.#drain(worker, 'the service is stopping', true);
      },
      (error: unknown) => {
        const reason = error instanceof Error ? error.message : String(error);
        this.events.record('start-failed', { ...this.#identify(worker), reason }, quiet);
      },
    );
    worker.on('stopping', (reason) => this.#onStopping(worker, reason));
    worker.on('signalled', (signal) => void this.#onSignalled(worker, signal));
    worker.on('report', (report) => this.#onReport(worker, report));
    worker.once('exit', () => this.#onExit(worker));
    return worker;
  }

  /** A worker that stops by itself serves no more requests: its replacement need not wait for its end. */
  #onStopping(worker: WorkerHandle, reason: string): void {
    if (this.stopping || worker.replaced) return;
    this.events.record('stopping', { ...this.#identify(worker), reason });
    void this.#restart(worker);
  }

  async #onSignalled(worker: WorkerHandle, signal: string): Promise<void> {
    await sleep(SIGNAL_SETTLE_MS);
    if (this.stopping || worker.replaced || worker.state !== 'ready') return;
    await this.#recycle(worker, `it was sent ${signal}`);
  }

  #onExit(worker: WorkerHandle): void {
    this.#workers.delete(worker);
    this.#options.onGone(worker);
    const { code, signal } = worker.exit ?? {};
    const intended = worker.leavesBecause !== undefined && code === ExitCode.ok;
    this.events.record(intended ? 'ended' : 'crashed', {
      ...this.#identify(worker),
      code,
      signal,
      ...(worker.leavesBecause === undefined ? {} : { reason: worker.leavesBecause }),
    });
    if (!this.stopping && !worker.replaced) void this.#restart(worker);
  }

  /** Gives a failed worker's place to another, as soon as the policy allows. */
  async #restart(failed: WorkerHandle): Promise<void> {
    failed.replaced = true;
    // If the very first worker cannot start, the start has failed: there is nothing to replace.
    if (!this.#started) return;
    const failedAt = performance.now();
    const verdict = this.#policy.failed(failed.livedMs);
    if (verdict.action === 'give-up') {
      if (this.ready) return this.#retryLater(failed, failedAt);
      this.events.record('gave-up', { reason: 'workers fail as soon as they start' });
      this.#options.onGiveUp('workers fail as soon as they start');
      return;
    }
    await this.#restartAfter(failed, verdict.delayMs, failedAt);
  }

  /** While others serve there is no need to give up; the last delay is used again and again. */
  async #retryLater(failed: WorkerHandle, failedAt: number): Promise<void> {
    await this.#restartAfter(failed, 30_000, failedAt);
  }

  async #restartAfter(failed: WorkerHandle, delayMs: number, failedAt: number): Promise<void> {
    if (delayMs > 0) {
      this.events.record('restart-delayed', { slot: failed.slot, delayMs });
      await sleep(delayMs);
    }
    if (this.stopping) return;
    const fresh = this.#fork(failed.slot);
    this.#countRestart(failed.slot);
    // If it fails its own exit brings the next try.
    const ready = await fresh.ready.then(
      () => true,
      () => false,
    );
    if (!ready) return;
    const afterMs = Math.round(performance.now() - failedAt);
    this.events.record('replaced', { ...this.#identify(fresh), replacedWorker: failed.id, afterMs });
  }

  #onReport(worker: WorkerHandle, { vitals }: WorkerReport): void {
    const { WORKER_MAX_HEAP_MB, WORKER_MAX_AGE_S } = this.#config;
    if (worker.state !== 'ready' || worker.replaced || this.stopping) return;
    const tooLarge = WORKER_MAX_HEAP_MB > 0 && vitals.heapUsedBytes > WORKER_MAX_HEAP_MB * 1024 * 1024;
    const strikes = tooLarge ? (this.#heapStrikes.get(worker) ?? 0) + 1 : 0;
    this.#heapStrikes.set(worker, strikes);
    if (strikes >= HEAP_STRIKES) void this.#recycle(worker, `its heap is over ${WORKER_MAX_HEAP_MB} MB`);
    else if (WORKER_MAX_AGE_S > 0 && worker.livedMs > spreadAge(worker, WORKER_MAX_AGE_S) * 1000) {
      void this.#recycle(worker, `it is older than ${WORKER_MAX_AGE_S} s`);
    }
  }

  /** Replacement first, then drain. */
  #recycle(worker: WorkerHandle, reason: string): Promise<void> {
    return this.#inTurn(async () => {
      if (worker.state !== 'ready' || worker.replaced || this.stopping) return;
      this.events.record('recycling', { ...this.#identify(worker), reason });
      await this.#replace(worker, reason).catch(() => undefined); // why it failed is recorded; the old one goes on
    });
  }

  #inTurn<T>(change: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(change);
    this.#turn = result.catch(() => undefined);
    return result;
  }

  /** Kills workers whose event loop no longer turns. */
  #watchHeartbeats(): void {
    const timeoutMs = this.#config.HEARTBEAT_TIMEOUT_MS;
    const everyMs = Math.min(timeoutMs / HEARTBEATS_PER_TIMEOUT, SLOWEST_HEARTBEAT_MS);
    let checkedAt = performance.now();
    this.#heartbeat = setInterval(() => {
      const now = performance.now();
      // This process was paused itself, and has not yet read what the workers sent meanwhile.
      const paused = now - checkedAt > 2 * everyMs + 1_000;
      checkedAt = now;
      for (const worker of this.#workers) {
        if (paused) worker.heardAt = now;
        const silentMs = now - worker.heardAt;
        if (worker.state !== 'ready' || silentMs <= timeoutMs) continue;
        worker.leavesBecause = `its event loop was silent for ${Math.round(silentMs)} ms`;
        this.events.record('unresponsive', { ...this.#identify(worker), silentMs: Math.round(silentMs) });
        worker.kill();
      }
    }, everyMs);
  }

  #identify(worker: WorkerHandle) {
    return { worker: worker.id, pid: worker.pid, slot: worker.slot };
  }

  #countRestart(slot: number): void {
    this.#restarts.set(slot, this.restartsOf(slot) + 1);
  }
}

async function findFreePort(host: string): Promise<number> {
  const server = createServer().listen({ host, port: 0 });
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Ages are spread by a quarter over the places, so that workers that started together do not leave together. */
function spreadAge(worker: WorkerHandle, maxAgeS: number): number {
  return maxAgeS * (1 - ((worker.slot * 0.618_034) % 1) / 4);
}
