import cluster, { type Worker } from 'node:cluster';
import { EventEmitter, once } from 'node:events';
import { exitCodes } from '../supervision/exit-codes.ts';
import {
  MAX_HEARTBEAT_INTERVAL_MS,
  pack,
  unpack,
  type FromPrimary,
  type FromWorker,
} from '../supervision/messages.ts';
import { StartError } from '../supervision/start-failure.ts';
import type { WorkerReport, WorkerState } from '../supervision/supervision.ts';
import type { MetricsJson } from '../telemetry/metrics-reader.ts';

export interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
}

interface WorkerHandleEvents {
  /** The worker shuts down on its own. */
  stopping: [reason: string];
  /** The worker received a signal and asks what it means. */
  'signal-received': [signal: string];
  report: [WorkerReport];
  exit: [Exit];
}

export interface WorkerHandleOptions {
  readonly slot: number;
  /** Variables added to those of the primary. */
  readonly environment: Readonly<Record<string, string>>;
  readonly startTimeoutMs: number;
  /** A worker without a heartbeat for this long is unresponsive. */
  readonly heartbeatTimeoutMs: number;
  /** A worker that is still shutting down after this long is killed. */
  readonly stopTimeoutMs: number;
  /** The bound management URL; the configured port may be 0. */
  readonly managementAddress: string;
}

/** A worker that has sent no heartbeat for this long is not ready. */
const SILENT_MS = 4 * MAX_HEARTBEAT_INTERVAL_MS;

/** The primary's view of one worker. */
export class WorkerHandle extends EventEmitter<WorkerHandleEvents> {
  readonly slot: number;
  /** Like the times below, on the clock of `performance.now()`. */
  readonly forkedAt = performance.now();
  /** Resolves with the worker's URL when it serves; rejects with a `StartError`. */
  readonly ready: Promise<string>;
  readyAt: number | undefined;
  lastHeartbeatAt = performance.now();
  /** From the worker's own settings, which differ between workers during a reload. */
  readonly heartbeatTimeoutMs: number;
  report: WorkerReport | undefined;
  exit: Exit | undefined;
  /** Why the supervisor drains or kills it. */
  stopReason: string | undefined;
  /** Whether its slot is taken by another worker, or needs none. */
  replaced = false;
  readonly #options: WorkerHandleOptions;
  readonly #worker: Worker;
  #metrics: MetricsJson | undefined;
  /** The id of that reading; the final one has the highest. */
  #metricsId = 0;
  #state: WorkerState = 'starting';
  #stopTimer: NodeJS.Timeout | undefined;
  #killed = false;
  #spawnError: Error | undefined;

  /** @throws if the system cannot create a process, for example for lack of memory */
  static fork(options: WorkerHandleOptions): WorkerHandle {
    return new WorkerHandle(cluster.fork(options.environment), options);
  }

  private constructor(worker: Worker, options: WorkerHandleOptions) {
    super();
    this.#worker = worker;
    this.#options = options;
    this.slot = options.slot;
    this.heartbeatTimeoutMs = options.heartbeatTimeoutMs;
    this.ready = this.#becomeReady();
    this.ready.catch(() => undefined); // everyone who awaits it gets the error too
    worker.on('message', (received) => {
      const message = unpack<FromWorker>(received);
      if (message !== undefined) this.#onMessage(message);
    });
    worker.on('error', (error: Error) => {
      // Sending to a worker that just died fails; its exit event follows.
      if (worker.process.pid !== undefined) return;
      // fork() failed and emits no exit: emit it, so that the slot is refilled.
      this.#spawnError = error;
      worker.process.emit('exit', null, null);
    });
    worker.once('exit', (code: number | null, signal: string | null) => {
      clearTimeout(this.#stopTimer);
      this.#state = 'gone';
      this.exit = { code, signal };
      this.emit('exit', this.exit);
    });
  }

  get id(): number {
    return this.#worker.id;
  }

  get pid(): number {
    return this.#worker.process.pid ?? 0;
  }

  get state(): WorkerState {
    return this.#state;
  }

  /** Its latest metrics. */
  get metrics(): MetricsJson | undefined {
    return this.#metrics;
  }

  /** The checks that fail in it; `heartbeat` if it is silent: its event loop is blocked, or the process suspended. */
  get failing(): readonly string[] {
    if (performance.now() - this.lastHeartbeatAt > SILENT_MS) return ['heartbeat'];
    return this.report?.failing ?? [];
  }

  /** How long it has served, in milliseconds; 0 if it never became ready. */
  get uptimeMs(): number {
    return this.readyAt === undefined ? 0 : performance.now() - this.readyAt;
  }

  /** Whether it ended because it was asked to, with exit code 0. */
  get exitedCleanly(): boolean {
    return this.stopReason !== undefined && this.exit?.code === exitCodes.ok.code;
  }

  /** Whether the primary killed it; its exit may take a moment. */
  get killed(): boolean {
    return this.#killed;
  }

  /** Asks it to complete its requests and exit; resolves when it has exited. */
  drain(reason: string, keepListening: boolean): Promise<Exit> {
    this.stopReason ??= reason;
    this.#state = this.#state === 'gone' ? 'gone' : 'draining';
    this.#send({ type: 'drain', reason, keepListening });
    this.enforceStopTimeout();
    return this.exited();
  }

  /** Kills it if its shutdown takes too long: a worker that hangs while it stops would never exit. */
  enforceStopTimeout(): void {
    this.#stopTimer ??= setTimeout(() => this.kill(), this.#options.stopTimeoutMs);
  }

  async exited(): Promise<Exit> {
    if (this.exit !== undefined) return this.exit;
    const [exit] = (await once(this, 'exit')) as [Exit];
    return exit;
  }

  kill(): void {
    this.#killed = true;
    this.#worker.process.kill('SIGKILL');
  }

  /** @returns its metrics, or undefined if it does not reply in time */
  async collectMetrics(id: number, timeoutMs: number): Promise<MetricsJson | undefined> {
    if (this.#state === 'gone' || this.#state === 'starting') return undefined;
    return new Promise((resolve) => {
      const timer = setTimeout(() => finish(undefined), timeoutMs);
      const onMessage = (received: unknown) => {
        const message = unpack<FromWorker>(received);
        if (message?.type === 'metrics' && message.id === id) finish(message.metrics);
      };
      const onExit = () => finish(undefined);
      const finish = (metrics: MetricsJson | undefined) => {
        clearTimeout(timer);
        this.#worker.off('message', onMessage).off('exit', onExit);
        resolve(metrics);
      };
      this.#worker.on('message', onMessage).once('exit', onExit);
      this.#send({ type: 'metrics', id });
    });
  }

  get debugging(): boolean {
    return this.report?.debugging ?? false;
  }

  #onMessage(message: FromWorker): void {
    this.lastHeartbeatAt = performance.now();
    switch (message.type) {
      case 'ready': {
        const { managementAddress } = this.#options;
        this.readyAt = performance.now();
        if (this.#state === 'starting') this.#state = 'ready';
        this.#send({ type: 'management-address', managementAddress });
        return;
      }
      case 'heartbeat':
        this.report = message.report;
        this.emit('report', message.report);
        return;
      case 'stopping':
        this.#state = 'draining';
        this.stopReason ??= message.reason;
        this.emit('stopping', message.reason);
        return;
      case 'signal-received':
        this.emit('signal-received', message.signal);
        return;
      case 'metrics':
        this.#keepMetrics(message.metrics, message.id);
        return;
      case 'final-metrics':
        this.#keepMetrics(message.metrics, Infinity);
        return;
      case 'start-failed':
      case 'hits':
      case 'reset-key':
        return; // handled by listeners of their own
    }
  }

  /** Ignores a reading that arrives after a later one: counters would fall. */
  #keepMetrics(metrics: MetricsJson, id: number): void {
    if (id < this.#metricsId) return;
    this.#metricsId = id;
    this.#metrics = metrics;
  }

  #becomeReady(): Promise<string> {
    const timeoutMs = this.#options.startTimeoutMs;
    const exitCode = exitCodes.startFailed.code;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new StartError({ reason: `The worker was not ready within ${timeoutMs} ms`, exitCode }));
        this.kill();
      }, timeoutMs);
      const onMessage = (received: unknown) => {
        const message = unpack<FromWorker>(received);
        if (message?.type !== 'ready' && message?.type !== 'start-failed') return;
        clearTimeout(timer);
        this.#worker.off('message', onMessage);
        if (message.type === 'ready') resolve(message.address);
        else reject(new StartError(message));
      };
      this.#worker.on('message', onMessage);
      this.#worker.once('exit', (code: number | null, signal: string | null) => {
        clearTimeout(timer);
        const how = signal === null ? `exited with code ${code}` : `was ended by ${signal}`;
        const reason = this.#spawnError?.message ?? `The worker ${how} before it was ready`;
        reject(new StartError({ reason, exitCode }));
      });
    });
  }

  #send(message: FromPrimary): void {
    if (this.#worker.isConnected()) this.#worker.send(pack(message), () => undefined);
  }
}
