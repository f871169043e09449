/** What a job is: its declaration, and what its handler gets. */
import type { Logger } from 'pino';
import type { z } from 'zod';
import type { Queries } from '../database/database.ts';

export interface Job<Data extends object = object> {
  /** Also the name of its queue. Letters, digits, `-` and `_`. */
  readonly name: string;
  /** Its data, which is stored as JSON. Keep it compatible: jobs of the previous version may still wait. */
  readonly data: z.ZodType<Data>;
  readonly retry?: RetryPolicy;
  /** Jobs of one queue run in the order of their priority, the highest first. Defaults to 0. */
  readonly priority?: number;
  /** How many run at once in one process; the next are fetched when all of them have ended. Defaults to 5. */
  readonly concurrency?: number;
  /** A job that takes longer (s) has failed, and its signal is aborted. Defaults to 60. */
  readonly expireS?: number;
  /** The job that gets the data when the last attempt has failed. Add it first. */
  readonly deadLetter?: Job<Data>;
  /** Enqueues it by the clock (cron, UTC), once for all machines. Its data must accept `{}`. */
  readonly schedule?: { readonly cron: string };
}

/** The delay before each retry is twice the one before, of which the second half is random. */
export interface RetryPolicy {
  /** Attempts after the first one. An attempt that a shutdown or a crash interrupts counts. Defaults to 10. */
  readonly limit?: number;
  /** Delay before the first retry (s). Defaults to 1. */
  readonly delayS?: number;
  /** The longest delay (s). Defaults to 3600. */
  readonly maxDelayS?: number;
}

/** What a handler knows about the attempt that it makes. */
export interface JobContext {
  /** The same in each attempt. */
  readonly id: string;
  /** From 1. */
  readonly attempt: number;
  /**
   * Aborted when this process drains, when the job has expired or when another process has taken it over. A handler that
   * takes seconds must end then; the job runs again.
   */
  readonly signal: AbortSignal;
  /** Each line has the job, and the id and the trace of the request that enqueued it. */
  readonly log: Logger;
  /** @returns headers that continue the trace of the request that enqueued it in one request to another service */
  readonly traceHeaders: () => Readonly<Record<string, string>>;
  /**
   * Runs `effect` and completes the job in one transaction. A job may run more than once, but this effect takes place
   * once. Call it at most once and last.
   *
   * @throws {Error} if another process has the job by now; then `effect` is rolled back
   */
  readonly complete: (effect: (transaction: Queries) => Promise<unknown>) => Promise<void>;
}

/** Does the work of a job. If it throws, the job has failed and is retried. */
export type JobHandler<Data extends object> = (data: Data, context: JobContext) => Promise<void>;

/**
 * Declares a job.
 *
 * @example
 * export const sendReceipt = defineJob({
 *   name: 'send-receipt',
 *   data: z.strictObject({ orderId: z.uuid() }),
 *   retry: { limit: 5, delayS: 2 },
 * });
 */
export function defineJob<Data extends object>(job: Job<Data>): Job<Data> {
  return job;
}
