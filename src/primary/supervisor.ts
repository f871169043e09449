import cluster from 'node:cluster';
import { EventEmitter, once } from 'node:events';
import { createServer } from 'node:net';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Settings } from '../config/config.ts';
import { listen } from '../http/listen.ts';
import { exitCodes } from '../supervision/exit-codes.ts';
import { StartError } from '../supervision/start-failure.ts';
import {
  readinessOf,
  type ReloadResult,
  type ServiceReadiness,
  type WorkerReport,
} from '../supervision/supervision.ts';
import { EventLog } from './event-log.ts';
import { Heartbeats } from './heartbeats.ts';
import { Recycling } from './recycling.ts';
import { Reloads } from './reloads.ts';
import { Replacement } from './replacement.ts';
import type { WorkerHandle } from './worker-handle.ts';
import { identifyWorker, Workers } from './workers.ts';

export interface SupervisorOptions {
  readonly settings: Settings;
  readonly log: Logger;
  /** Reads the settings again, for a reload. */
  readonly readSettings: () => Settings;
  /** Command-line options of the workers, in addition to those of the primary. */
  readonly workerOptions?: readonly string[];
}

interface SupervisorEvents {
  /** A worker has exited. */
  exit: [WorkerHandle];
  /** No worker can be kept alive. */
  'gave-up': [reason: string];
}

/** A signal sent to the whole process group reaches the primary within this time, too. */
const SIGNAL_SETTLE_MS = 250;

/** How many free ports to try: another program may take a port before a worker listens on it. */
const FREE_PORT_TRIES = 3;

/** Keeps `WORKERS` workers in service: starts and stops them, and decides what to do when one fails. */
export class Supervisor extends EventEmitter<SupervisorEvents> {
  readonly events: EventLog;
  readonly #options: SupervisorOptions;
  readonly #workers: Workers;
  readonly #replacement: Replacement;
  readonly #recycling = new Recycling();
  readonly #reloads: Reloads;
  readonly #heartbeats: Heartbeats<WorkerHandle>;
  /** Whether the first worker serves. */
  #started = false;
  /** Whether the start of the others has ended, too. */
  #complete = false;
  #stopping: Promise<void> | undefined;

  constructor(options: SupervisorOptions) {
    super();
    const { settings, log, readSettings } = options;
    this.#options = options;
    const events = new EventLog(log);
    const stopping = () => this.stopping;
    const workers = new Workers({ settings, events, onForked: (worker) => this.#watch(worker) });
    const replacement = new Replacement({
      workers,
      events,
      stopping,
      onGiveUp: (reason) => this.emit('gave-up', reason),
    });
    this.events = events;
    this.#workers = workers;
    this.#replacement = replacement;
    this.#reloads = new Reloads({ workers, replacement, events, stopping, readSettings });
    this.#heartbeats = new Heartbeats({
      workers: () => workers.all,
      onSilent: (worker, silentMs) => this.#killUnresponsive(worker, silentMs),
      onPaused: (worker, silentMs) => events.record('paused', { ...identifyWorker(worker), silentMs }),
    });
  }

  /** What new workers start with. */
  get settings(): Settings {
    return this.#workers.settings;
  }

  get workers(): readonly WorkerHandle[] {
    return this.#workers.all;
  }

  get stopping(): boolean {
    return this.#stopping !== undefined;
  }

  /** Of the whole service, which has started when every worker has, or has failed to. */
  get readiness(): ServiceReadiness {
    if (this.stopping) return { status: 'draining', failing: [] };
    if (!this.#complete) return { status: 'starting', failing: [] };
    return readinessOf(this.#workers.inService.map(({ failing }) => failing));
  }

  /** How often the worker of a slot was replaced. */
  restartsOf(slot: number): number {
    return this.#replacement.restartsOf(slot);
  }

  /**
   * Starts one worker, and once that one is ready the others together.
   *
   * @param managementAddress the bound management URL, which is passed on to the workers
   * @returns the URL they listen on; undefined if a shutdown was requested in the meantime
   * @throws {StartError} if the first worker cannot start
   */
  async start(managementAddress: string): Promise<string | undefined> {
    this.#workers.managementAddress = managementAddress;
    const { settings, workerOptions = [] } = this.#options;
    const { WORKERS } = settings.config;
    // Workers share one listening socket, and the kernel hands each connection to whichever worker calls accept() first.
    // With Node's default (SCHED_RR) the primary accepts and passes connections on: one on its way to a worker that dies
    // or hangs would never get a response, and a suspended primary would suspend the service.
    cluster.schedulingPolicy = cluster.SCHED_NONE; // before setupPrimary(), which makes it final
    if (workerOptions.length > 0) cluster.setupPrimary({ execArgv: [...process.execArgv, ...workerOptions] });
    const address = await this.#startFirst();
    this.#started = true;
    const stopping = () => this.stopping; // it may become true at any await
    if (stopping()) return undefined; // the shutdown waits for the workers it found
    const others = Array.from({ length: WORKERS - 1 }, (_, index) => this.#startOther(index + 1));
    await Promise.allSettled(others);
    if (stopping()) return undefined;
    this.#heartbeats.start();
    this.#complete = true;
    return address;
  }

  /** A worker that cannot start does not keep the first one from serving. */
  async #startOther(slot: number): Promise<void> {
    let worker: WorkerHandle;
    try {
      worker = this.#workers.fork(slot, { quiet: true });
    } catch {
      void this.#replacement.fill(slot); // no exit event will trigger the next try
      return;
    }
    await worker.ready;
  }

  /** With port 0 all workers listen on one free port. If another program takes it first, tries the next. */
  async #startFirst(): Promise<string> {
    const { HOST, PORT } = this.#options.settings.config;
    for (let triesLeft = FREE_PORT_TRIES; ; triesLeft -= 1) {
      if (PORT === 0) this.#workers.port = await findFreePort(HOST);
      const worker = this.#workers.fork(0, { quiet: true });
      try {
        return await worker.ready;
      } catch (error) {
        const taken = error instanceof StartError && error.exitCode === exitCodes.unavailable.code;
        if (PORT !== 0 || !taken || triesLeft <= 1 || this.stopping) throw error;
        worker.replaced = true; // it may exit after the next worker is ready
      }
    }
  }

  reload(): Promise<ReloadResult> {
    return this.#reloads.reload();
  }

  /** Drains all workers at once; a later call joins the shutdown in progress. */
  stop(reason: string): Promise<void> {
    this.#stopping ??= this.#stop(reason);
    return this.#stopping;
  }

  kill(): void {
    this.#workers.kill();
  }

  async #stop(reason: string): Promise<void> {
    this.#heartbeats.stop();
    this.events.record('stopping', { reason });
    await Promise.all(this.workers.map((worker) => worker.drain(reason, true)));
  }

  /** From a worker's fork to its exit. */
  #watch(worker: WorkerHandle): void {
    worker.ready.then(
      () => {
        // Forked before the shutdown began, and not told about it.
        if (this.stopping) void worker.drain('the service is shutting down', true);
      },
      () => undefined,
    );
    worker.on('report', (report) => this.#onReport(worker, report));
    worker.on('signal-received', (signal) => void this.#onSignal(worker, signal));
    worker.on('stopping', (reason) => this.#onStopping(worker, reason));
    worker.once('exit', () => {
      this.emit('exit', worker);
      this.#replaceIfNeeded(worker);
    });
  }

  #onReport(worker: WorkerHandle, report: WorkerReport): void {
    if (worker.state !== 'ready' || worker.replaced || this.stopping) return;
    const reason = this.#recycling.reasonFor(worker, report, this.#workers.settings.config);
    if (reason !== undefined) void this.#recycle(worker, reason);
  }

  /** A signal to one worker recycles that worker; a signal to the whole group shuts the service down. */
  async #onSignal(worker: WorkerHandle, signal: string): Promise<void> {
    await sleep(SIGNAL_SETTLE_MS);
    if (this.stopping || worker.replaced || worker.state !== 'ready') return;
    await this.#recycle(worker, `received ${signal}`);
  }

  /** Starts the replacement first, then drains. */
  #recycle(worker: WorkerHandle, reason: string): Promise<void> {
    return this.#replacement.inTurn(async () => {
      if (worker.state !== 'ready' || worker.replaced || this.stopping) return;
      this.events.record('recycling', { ...identifyWorker(worker), reason });
      // A failure is recorded as an event; the old worker goes on.
      await this.#replacement.replace(worker, reason).catch(() => undefined);
    });
  }

  #killUnresponsive(worker: WorkerHandle, silentMs: number): void {
    worker.stopReason = `no heartbeat for ${silentMs} ms`;
    this.events.record('unresponsive', { ...identifyWorker(worker), silentMs });
    worker.kill();
  }

  /** A worker that shuts down on its own accepts no more requests: its replacement need not wait for its exit. */
  #onStopping(worker: WorkerHandle, reason: string): void {
    worker.enforceStopTimeout();
    if (this.stopping || worker.replaced) return;
    this.events.record('stopping', { ...identifyWorker(worker), reason });
    this.#replaceIfNeeded(worker);
  }

  #replaceIfNeeded(worker: WorkerHandle): void {
    if (this.stopping || worker.replaced) return;
    // If the very first worker cannot start, the start has failed: there is nothing to replace.
    if (this.#started) void this.#replacement.restart(worker);
    else worker.replaced = true;
  }
}

async function findFreePort(host: string): Promise<number> {
  const server = createServer();
  const { port } = new URL(await listen(server, { host, port: 0 }));
  server.close();
  await once(server, 'close');
  return Number(port);
}
