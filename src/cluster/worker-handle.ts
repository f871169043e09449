import cluster, { type Worker } from 'node:cluster';
import { EventEmitter, once } from 'node:events';
import type { MetricsJson } from '../process/metrics-reader.ts';
import { ExitCode, pack, unpack, type FromPrimary, type FromWorker, type WorkerReport } from './messages.ts';
import { StartError } from './start-failure.ts';

export type WorkerState = 'starting' | 'ready' | 'draining' | 'gone';

export interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
}

interface WorkerHandleEvents {
  /** It stops of its own accord. */
  stopping: [reason: string];
  /** It was sent a signal and asks what is meant by it. */
  signalled: [signal: string];
  report: [WorkerReport];
  exit: [Exit];
}

export interface WorkerHandleOptions {
  readonly slot: number;
  /** Variables it gets beside those of the primary. */
  readonly environment: Readonly<Record<string, string>>;
  readonly startTimeoutMs: number;
  /** After how long a silence it counts as hung. */
  readonly heartbeatTimeoutMs: number;
  /** How long its stop may take before it is killed. */
  readonly stopTimeoutMs: number;
  /** Where the primary really listens, for a port of 0 tells nobody. */
  readonly managementAddress: () => string;
}

/** The primary's view of one worker. */
export class WorkerHandle extends EventEmitter<WorkerHandleEvents> {
  readonly slot: number;
  /** This and the times below by the clock of `performance.now()`. */
  readonly forkedAt = performance.now();
  /** Resolves with the address when it is in service; rejects with why it could not start. */
  readonly ready: Promise<string>;
  readyAt: number | undefined;
  /** When it was last heard. */
  heardAt = performance.now();
  /** Those of its own settings, which after a reload are not those of the others. */
  readonly heartbeatTimeoutMs: number;
  readonly #stopTimeoutMs: number;
  report: WorkerReport | undefined;
  #metrics: MetricsJson | undefined;
  /** Which reading those are; the one for its goodbye is the last. */
  #metricsId = 0;
  exit: Exit | undefined;
  /** Why it drains or was killed, in the supervisor's words. */
  leavesBecause: string | undefined;
  /** Whether another worker already has its place, or none is wanted. */
  replaced = false;
  readonly #worker: Worker;
  readonly #managementAddress: () => string;
  #state: WorkerState = 'starting';
  #drainTimer: NodeJS.Timeout | undefined;
  #killed = false;
  #spawnError: Error | undefined;

  constructor(options: WorkerHandleOptions) {
    super();
    this.slot = options.slot;
    this.heartbeatTimeoutMs = options.heartbeatTimeoutMs;
    this.#stopTimeoutMs = options.stopTimeoutMs;
    this.#managementAddress = options.managementAddress;
    this.#worker = cluster.fork(options.environment);
    this.ready = this.#becomeReady(options.startTimeoutMs);
    this.ready.catch(() => undefined); // whoever waits for it hears of it as well
    this.#worker.on('message', (received) => {
      const message = unpack<FromWorker>(received);
      if (message !== undefined) this.#hear(message);
    });
    this.#worker.on('error', (error: Error) => {
      // Writing to a worker that has just died fails; its exit is what matters, and that is heard as well.
      if (this.#worker.process.pid !== undefined) return;
      // One that the system could not start has no exit: without one nobody would fill its place, or stop waiting.
      this.#spawnError = error;
      this.#worker.process.emit('exit', null, null);
    });
    this.#worker.once('exit', (code: number | null, signal: string | null) => {
      clearTimeout(this.#drainTimer);
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

  /** What it last said of its metrics. */
  get metrics(): MetricsJson | undefined {
    return this.#metrics;
  }

  /** How long it has been in service, in milliseconds; 0 if it never was. */
  get livedMs(): number {
    return this.readyAt === undefined ? 0 : performance.now() - this.readyAt;
  }

  /** Whether it ended because it was asked to, and in order. */
  get leftAsIntended(): boolean {
    return this.leavesBecause !== undefined && this.exit?.code === ExitCode.ok;
  }

  /** Asks it to finish what it has and end; resolves when it is gone. */
  drain(reason: string, keepListening: boolean): Promise<Exit> {
    this.leavesBecause ??= reason;
    this.#state = this.#state === 'gone' ? 'gone' : 'draining';
    this.#send({ type: 'drain', reason, keepListening });
    this.boundStop();
    return this.gone();
  }

  /** Kills it where its stop takes too long: one that hangs as it stops would never end. */
  boundStop(): void {
    this.#drainTimer ??= setTimeout(() => this.kill(), this.#stopTimeoutMs);
  }

  async gone(): Promise<Exit> {
    if (this.exit !== undefined) return this.exit;
    const [exit] = (await once(this, 'exit')) as [Exit];
    return exit;
  }

  /** Whether it was killed from here; its exit may take a moment. */
  get killed(): boolean {
    return this.#killed;
  }

  kill(): void {
    this.#killed = true;
    this.#worker.process.kill('SIGKILL');
  }

  /** Its metrics, or undefined where it did not answer in time. */
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

  #hear(message: FromWorker): void {
    this.heardAt = performance.now();
    switch (message.type) {
      case 'ready':
        this.readyAt = performance.now();
        if (this.#state === 'starting') this.#state = 'ready';
        this.#send({ type: 'welcome', managementAddress: this.#managementAddress() });
        return;
      case 'heartbeat':
        this.report = message.report;
        this.emit('report', message.report);
        return;
      case 'stopping':
        this.#state = 'draining';
        this.leavesBecause ??= message.reason;
        this.emit('stopping', message.reason);
        return;
      case 'signalled':
        this.emit('signalled', message.signal);
        return;
      case 'metrics':
        this.#keepMetrics(message.metrics, message.id);
        return;
      case 'goodbye':
        this.#keepMetrics(message.metrics, Infinity);
        return;
      case 'start-failed':
      case 'count':
      case 'forget':
        return; // whoever waits for it listens
    }
  }

  /** A reading that took longer than a later one, its last above all, is older: with it sums would fall. */
  #keepMetrics(metrics: MetricsJson, id: number): void {
    if (id < this.#metricsId) return;
    this.#metricsId = id;
    this.#metrics = metrics;
  }

  #becomeReady(timeoutMs: number): Promise<string> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(
          new StartError({
            reason: `It was not ready within ${timeoutMs} ms`,
            exitCode: ExitCode.startFailed,
          }),
        );
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
        const how = signal === null ? `with exit code ${code}` : `by ${signal}`;
        const reason = this.#spawnError?.message ?? `It ended ${how} before it was ready`;
        reject(new StartError({ reason, exitCode: ExitCode.startFailed }));
      });
    });
  }

  #send(message: FromPrimary): void {
    if (this.#worker.isConnected()) this.#worker.send(pack(message), () => undefined);
  }
}
