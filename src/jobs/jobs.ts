import { randomBytes } from 'node:crypto';
import type { Db, Job as BossJob, JobResult, PgBoss } from 'pg-boss';
import type { Logger } from 'pino';
import type { Database, Queries } from '../database/database.ts';
import { databaseUnavailable } from '../database/problems.ts';
import { Problem } from '../http/problem.ts';
import { continueTrace, type Trace } from '../http/trace-context.ts';
import { errorTypeOf, type Tracing } from '../telemetry/tracing.ts';
import { queueOptions, workOptions } from './boss.ts';
import type { Job, JobHandler } from './job.ts';

export interface JobsOptions {
  readonly boss: PgBoss;
  readonly database: Database;
  readonly log: Logger;
  readonly tracing: Tracing;
  /** Whether this process runs jobs; it enqueues them in either case. */
  readonly runs: boolean;
  /** Returns the fields of the request that is being served. */
  readonly requestFields: () => Partial<Trace>;
  /** Aborted when this process begins to drain. */
  readonly draining: AbortSignal;
  /** Called when a job cannot be prepared; throws, or sees to it that `prepare` is called again. */
  readonly onPrepareFailed: (error: unknown) => void;
}

interface EnqueueOptions {
  /** Stores the job in this transaction: it exists if the transaction is committed, and only then. */
  readonly transaction?: Queries;
  /** A UUID; defaults to a new one. */
  readonly id?: string;
}

/** How far a job is. */
export interface JobProgress {
  readonly state: 'created' | 'retry' | 'active' | 'completed' | 'cancelled' | 'failed';
  /** When the next attempt may begin, if one is due. */
  readonly nextAttemptAt?: Date;
}

interface AddedJob {
  readonly job: Job;
  readonly handler: JobHandler<object>;
  prepared: boolean;
}

/** The data of a job as it is stored, with the request that it comes from. */
interface Envelope {
  readonly data: unknown;
  readonly origin: Partial<Trace>;
}

/** The jobs of the service: features add them, and enqueue them in their own transactions. */
export class Jobs {
  /** Of this process. */
  completed = 0;
  failed = 0;
  readonly #options: JobsOptions;
  readonly #added = new Map<string, AddedJob>();
  #started = false;

  constructor(options: JobsOptions) {
    this.#options = options;
    options.draining.addEventListener('abort', () => this.#stopFetching(), { once: true });
  }

  /** Whether all jobs can be enqueued and run. */
  get ready(): boolean {
    return this.#started && [...this.#added.values()].every(({ prepared }) => prepared);
  }

  /**
   * Adds a job with its handler. A feature does this when it is created.
   *
   * @example
   * await jobs.add(sendReceipt, async ({ orderId }, { signal }) => mail.send(await receipt(orderId), signal));
   */
  async add<Data extends object>(job: Job<Data>, handler: JobHandler<Data>): Promise<void> {
    if (this.#added.has(job.name)) throw new Error(`The job ${job.name} was added before`);
    this.#added.set(job.name, { job, handler: handler as JobHandler<object>, prepared: false });
    if (!this.#started) return; // with the others, when the database is back
    try {
      await this.prepare();
    } catch (error) {
      this.#options.onPrepareFailed(error);
    }
  }

  /**
   * Enqueues a job.
   *
   * @returns its id
   * @throws {Problem} `database-unavailable`
   */
  async enqueue<Data extends object>(
    job: Job<Data>,
    data: Data,
    { transaction, id }: EnqueueOptions = {},
  ): Promise<string> {
    const { boss, database, requestFields, tracing } = this.#options;
    const added = this.#added.get(job.name);
    if (added === undefined) throw new Error(`The job ${job.name} was not added`);
    if (!added.prepared) {
      throw new Problem(databaseUnavailable, {
        detail: 'The job queue is not ready yet.',
        headers: { 'Retry-After': '1' },
      });
    }
    const parsed = job.data.parse(data);
    return tracing.span(`send ${job.name}`, spanOf('producer', job), async (span) => {
      const envelope: Envelope = { data: parsed, origin: originOf(requestFields(), tracing) };
      const sent = await boss.send(job.name, envelope, {
        db: toBossDatabase(transaction ?? database),
        priority: job.priority ?? 0,
        ...(id === undefined ? {} : { id }),
      });
      if (sent === null) throw new Error(`The job ${job.name} was not enqueued`);
      span.set({ 'messaging.message.id': sent });
      return sent;
    });
  }

  /** @returns undefined if there is no such job, or no longer: a job that has ended is kept for days */
  async progress<Data extends object>(job: Job<Data>, id: string): Promise<JobProgress | undefined> {
    const { boss, database } = this.#options;
    const [found] = await boss.findJobs(job.name, { id, db: toBossDatabase(database) });
    if (found === undefined) return undefined;
    const { state, startAfter } = found;
    const isDue = state === 'created' || state === 'retry';
    return { state, ...(isDue ? { nextAttemptAt: startAfter } : {}) };
  }

  /** Starts pg-boss, then the jobs that were added. Does what is left to do if it is called again. */
  async prepare(): Promise<void> {
    await this.#options.boss.start();
    this.#started = true;
    for (const { job } of this.#added.values()) await this.#prepare(job);
  }

  /** Waits for jobs that are running, at most this long (ms); those that are left run again elsewhere. */
  async close(timeoutMs: number): Promise<void> {
    await this.#options.boss.stop({ graceful: true, timeout: timeoutMs });
  }

  async #prepare(job: Job): Promise<void> {
    const { boss, runs, draining } = this.#options;
    const added = this.#added.get(job.name);
    if (added === undefined) throw new Error(`The job ${job.name} was not added`);
    if (added.prepared) return;
    // The queue of dead letters must be there before the one that names it.
    if (job.deadLetter !== undefined) await this.#prepare(job.deadLetter);
    await boss.createQueue(job.name, queueOptions(job)); // does nothing if it exists
    await boss.updateQueue(job.name, queueOptions(job)); // an earlier version may have created it
    if (job.schedule === undefined) await boss.unschedule(job.name);
    else await boss.schedule(job.name, job.schedule.cron, { data: {}, origin: {} } satisfies Envelope);
    added.prepared = true;
    if (!runs || draining.aborted) return;
    await boss.work<Envelope, unknown, ReturnType<typeof workOptions>>(job.name, workOptions(job), (batch) =>
      Promise.all(batch.map((one) => this.#run(added, one))),
    );
  }

  /** Makes one attempt, and settles it at once: others of its batch may take longer. */
  async #run({ job, handler }: AddedJob, claim: BossJob<Envelope>): Promise<JobResult> {
    const { boss, draining, tracing } = this.#options;
    const { id, retryCount } = claim;
    const startedAt = performance.now();
    const position = traceOf(claim.data.origin);
    const span = tracing.root(`process ${job.name}`, position, spanOf('consumer', job));
    span.set({ 'messaging.message.id': id, 'messaging.message.delivery_attempt': retryCount + 1 });
    const log = this.#options.log.child({
      job: job.name,
      jobId: id,
      attempt: retryCount + 1,
      ...claim.data.origin,
      ...(span.id === undefined ? {} : { traceId: position.traceId, spanId: span.id }),
    });
    const signal = AbortSignal.any([claim.signal, draining]);
    const attempt = { settled: false };
    const complete = async (effect: (transaction: Queries) => Promise<unknown>) => {
      await this.#options.database.transaction(async (transaction) => {
        await effect(transaction);
        const db = toBossDatabase(transaction);
        const response = await boss.complete(job.name, { id, retryCount }, null, { db });
        // Its types lack the count.
        if ((response as { affected: number }).affected === 0)
          throw new Error('the job is no longer held by this process');
      });
      attempt.settled = true;
    };
    const run = async () => {
      signal.throwIfAborted();
      const traceHeaders = () => continueTrace({ ...position, ...tracing.current() });
      const context = { id, attempt: retryCount + 1, signal, log, traceHeaders, complete };
      await handler(job.data.parse(claim.data.data), context);
      // If this fails, pg-boss tries again with the whole batch.
      if (!attempt.settled) await boss.complete(job.name, { id, retryCount }).catch(() => undefined);
    };
    try {
      await span.run(run);
      span.end();
      this.completed += 1;
      log.info({ event: 'job', durationMs: Math.round(performance.now() - startedAt) }, 'job completed');
      return { id, status: 'completed' };
    } catch (err) {
      span.end({ errorType: errorTypeOf(err) });
      const output = { message: err instanceof Error ? err.message : String(err) };
      await boss.fail(job.name, { id, retryCount }, output).catch(() => undefined); // the same
      if (signal.aborted) {
        log.info({ event: 'job-interrupted', err }, 'job interrupted; it runs again');
      } else {
        this.failed += 1;
        const retriesLeft = (queueOptions(job).retryLimit ?? 0) - retryCount;
        log.warn({ event: 'job-failed', err, retriesLeft }, `job failed: ${output.message}`);
      }
      return { id, status: 'failed', output };
    }
  }

  #stopFetching(): void {
    for (const { job } of this.#added.values()) void this.#options.boss.offWork(job.name, { wait: false });
  }
}

/** The request that enqueues a job; its span, if it is recorded, is the parent of those of the job. */
function originOf({ spanId: _, ...fields }: Partial<Trace>, tracing: Tracing): Partial<Trace> {
  const current = tracing.current();
  if (current === undefined) return fields;
  const { traceId, spanId, traceFlags } = current;
  return { ...fields, traceId, ...(spanId && { parentId: spanId }), ...(traceFlags && { traceFlags }) };
}

/** https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/ */
function spanOf(kind: 'producer' | 'consumer', { name }: Job) {
  const attributes = {
    'messaging.system': 'pg-boss',
    'messaging.destination.name': name,
    'messaging.operation.type': kind === 'producer' ? 'send' : 'process',
  };
  return { kind, attributes } as const;
}

/** A scheduled job begins a trace with each attempt. */
function traceOf(origin: Partial<Trace>): Trace {
  return { traceId: randomBytes(16).toString('hex'), ...origin };
}

function toBossDatabase(queries: Queries): Db {
  return { executeSql: (text, values = []) => queries.query(text, values) };
}
