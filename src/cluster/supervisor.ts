import cluster from 'node:cluster';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Settings } from '../config/read.ts';
import { listen } from '../process/listen.ts';
import type { Logger } from '../process/logger.ts';
import { EventLog } from './events.ts';
import { Heartbeats } from './heartbeats.ts';
import { ExitCode, type WorkerReport } from './messages.ts';
import { Recycling } from './recycling.ts';
import { Reloads, type ReloadResult } from './reloads.ts';
import { Replacement } from './replacement.ts';
import { StartError } from './start-failure.ts';
import type { WorkerHandle } from './worker-handle.ts';
import { identify, Workers } from './workers.ts';

export interface SupervisorOptions {
  readonly settings: Settings;
  readonly log: Logger;
  /** Reads the settings anew, for a reload. */
  readonly readSettings: () => Settings;
  readonly onGone: (worker: WorkerHandle) => void;
  /** Where the primary really listens; workers are told. */
  readonly managementAddress: () => string;
  /** Called when no worker can be kept alive. */
  readonly onGiveUp: (reason: string) => void;
}

/** In this time a signal that was sent to the whole process group has reached the primary as well. */
const SIGNAL_SETTLE_MS = 250;

/** How many free ports are tried: a port that was just free may be taken by the time a worker listens on it. */
const FREE_PORT_TRIES = 3;

/** Keeps `WORKERS` workers in service: starts and stops them, and decides what is done with each that fails. */
export class Supervisor {
  readonly events: EventLog;
  readonly #options: SupervisorOptions;
  readonly #workers: Workers;
  readonly #replacement: Replacement;
  readonly #recycling = new Recycling();
  readonly #reloads: Reloads;
  readonly #heartbeats: Heartbeats<WorkerHandle>;
  #started = false;
  #stopping: Promise<void> | undefined;

  constructor(options: SupervisorOptions) {
    const { settings, log, managementAddress, readSettings, onGiveUp } = options;
    this.#options = options;
    const events = new EventLog(log);
    const stopping = () => this.stopping;
    const workers = new Workers({
      settings,
      events,
      managementAddress,
      onForked: (worker) => this.#attend(worker),
    });
    const replacement = new Replacement({ workers, events, stopping, onGiveUp });
    this.events = events;
    this.#workers = workers;
    this.#replacement = replacement;
    this.#reloads = new Reloads({ workers, replacement, events, stopping, readSettings });
    this.#heartbeats = new Heartbeats({
      workers: () => workers.all,
      onSilent: (worker, silentMs) => this.#killSilent(worker, silentMs),
    });
  }

  get workers(): readonly WorkerHandle[] {
    return this.#workers.all;
  }

  get stopping(): boolean {
    return this.#stopping !== undefined;
  }

  /** Whether a request would be served: at least one worker is in service, and the service is not stopping. */
  get ready(): boolean {
    return !this.stopping && this.#workers.inService.length > 0;
  }

  /** How often the worker of a place was replaced. */
  restartsOf(slot: number): number {
    return this.#replacement.restartsOf(slot);
  }

  /**
   * Starts one worker, and the others together once it has shown that a worker can start.
   *
   * @returns the address they listen on; nothing where it was asked to stop meanwhile
   * @throws {StartError} if the first cannot become ready
   */
  async start(): Promise<string | undefined> {
    const { WORKERS } = this.#options.settings.config;
    // The workers share one listening socket, and the kernel gives a connection to one that waits for it. With the
    // default, the primary accepts and passes connections on: one that is on its way to a worker that dies or hangs
    // would be left without an answer for ever, and a paused primary would pause the service.
    cluster.schedulingPolicy = cluster.SCHED_NONE;
    const address = await this.#startFirst();
    this.#started = true;
    const stopping = () => this.stopping; // it may begin at any await
    if (stopping()) return undefined; // the stop waits for those that were there when it began
    const others = Array.from({ length: WORKERS - 1 }, (_, index) => this.#startOther(index + 1));
    await Promise.allSettled(others);
    if (stopping()) return undefined;
    this.#heartbeats.start();
    return address;
  }

  /** One that cannot be started now does not keep the first from serving. */
  async #startOther(slot: number): Promise<void> {
    let worker: WorkerHandle;
    try {
      worker = this.#workers.fork(slot, true);
    } catch {
      void this.#replacement.fill(slot); // it has no exit that would bring the next try
      return;
    }
    await worker.ready;
  }

  /** With port 0 all workers, also later ones, listen on one that was free: where another program was faster, on the next. */
  async #startFirst(): Promise<string> {
    const { HOST, PORT } = this.#options.settings.config;
    for (let triesLeft = FREE_PORT_TRIES; ; triesLeft -= 1) {
      if (PORT === 0) this.#workers.port = await findFreePort(HOST);
      const worker = this.#workers.fork(0, true);
      try {
        return await worker.ready;
      } catch (error) {
        const taken = error instanceof StartError && error.exitCode === ExitCode.cannotListen;
        if (PORT !== 0 || !taken || triesLeft <= 1 || this.stopping) throw error;
        worker.replaced = true; // its end may come after the next one is ready
      }
    }
  }

  reload(): Promise<ReloadResult> {
    return this.#reloads.reload();
  }

  /** Drains all workers at once; a later call joins the stop that is under way. */
  stop(reason: string): Promise<void> {
    this.#stopping ??= this.#stop(reason);
    return this.#stopping;
  }

  kill(): void {
    this.#workers.kill();
  }

  async #stop(reason: string): Promise<void> {
    this.#heartbeats.stop();
    this.#options.log.info({ event: 'stopping', reason }, `stopping: ${reason}`);
    await Promise.all(this.workers.map((worker) => worker.drain(reason, true)));
  }

  /** From a worker's fork to its end. */
  #attend(worker: WorkerHandle): void {
    worker.ready.then(
      () => {
        // It was forked before the stop began and has not heard of it.
        if (this.stopping) void worker.drain('the service is stopping', true);
      },
      () => undefined,
    );
    worker.on('report', (report) => this.#onReport(worker, report));
    worker.on('signalled', (signal) => void this.#onSignalled(worker, signal));
    worker.on('stopping', (reason) => this.#onStopping(worker, reason));
    worker.once('exit', () => {
      this.#options.onGone(worker);
      this.#succeed(worker);
    });
  }

  #onReport(worker: WorkerHandle, report: WorkerReport): void {
    if (worker.state !== 'ready' || worker.replaced || this.stopping) return;
    const reason = this.#recycling.reasonFor(worker, report, this.#workers.settings.config);
    if (reason !== undefined) void this.#recycle(worker, reason);
  }

  /** A signal to one worker is about that worker; one to the whole group is about the service. */
  async #onSignalled(worker: WorkerHandle, signal: string): Promise<void> {
    await sleep(SIGNAL_SETTLE_MS);
    if (this.stopping || worker.replaced || worker.state !== 'ready') return;
    await this.#recycle(worker, `it was sent ${signal}`);
  }

  /** Replacement first, then drain. */
  #recycle(worker: WorkerHandle, reason: string): Promise<void> {
    return this.#replacement.inTurn(async () => {
      if (worker.state !== 'ready' || worker.replaced || this.stopping) return;
      this.events.record('recycling', { ...identify(worker), reason });
      // Why it failed is recorded; the old one goes on.
      await this.#replacement.replace(worker, reason).catch(() => undefined);
    });
  }

  #killSilent(worker: WorkerHandle, silentMs: number): void {
    worker.leavesBecause = `its event loop was silent for ${silentMs} ms`;
    this.events.record('unresponsive', { ...identify(worker), silentMs });
    worker.kill();
  }

  /** A worker that stops by itself serves no more requests: its replacement need not wait for its end. */
  #onStopping(worker: WorkerHandle, reason: string): void {
    worker.boundStop();
    if (this.stopping || worker.replaced) return;
    this.events.record('stopping', { ...identify(worker), reason });
    this.#succeed(worker);
  }

  #succeed(worker: WorkerHandle): void {
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
