import type { Database, Queries, QueryOptions, Statement } from '../database/database.ts';
import type { JobContext } from '../jobs/job.ts';
import type { Jobs } from '../jobs/jobs.ts';
import type { Tracing } from '../telemetry/tracing.ts';
import { v7 } from 'uuid';
import { giveUpWebhook, sendWebhook, type Delivery } from './delivery.ts';
import { signatureHeaders } from './signature.ts';
import type { Task } from './task.ts';

interface WebhooksOptions {
  readonly database: Database;
  readonly jobs: Jobs;
  readonly tracing: Tracing;
  readonly url: string;
  readonly secret: string;
}

interface Row {
  readonly id: string;
  readonly state: Delivery['state'];
  readonly attempts: number;
  readonly last_status: number | null;
  readonly last_error: string | null;
  readonly created_at: Date;
  readonly updated_at: Date;
}

/** Short enough to end within a shutdown, so that a drain interrupts none. */
const TIMEOUT_MS = 5_000;

const statements = {
  insert: { name: 'insert-delivery', text: 'insert into deliveries (id, task_id) values ($1, $2)' },
  attempted: {
    name: 'delivery-attempted',
    text: `
      update deliveries set state = $2, attempts = $3, last_status = $4, last_error = $5, updated_at = now()
      where id = $1`,
  },
  giveUp: {
    name: 'give-up-delivery',
    text: `update deliveries set state = 'failed', updated_at = now() where id = $1`,
  },
  list: {
    name: 'list-deliveries',
    text: `
      select id, state, attempts, last_status, last_error, created_at, updated_at
      from deliveries where task_id = $1 order by created_at desc limit 20`,
  },
} satisfies Record<string, Statement>;

/** Reports completed tasks to the configured URL, and records how that went. */
export class Webhooks {
  readonly #options: WebhooksOptions;

  constructor(options: WebhooksOptions) {
    this.#options = options;
  }

  async addJobs(): Promise<void> {
    const { jobs } = this.#options;
    await jobs.add(giveUpWebhook, ({ deliveryId }, { complete }) =>
      complete((transaction) => transaction.query(statements.giveUp, [deliveryId])),
    );
    await jobs.add(sendWebhook, ({ deliveryId, task }, context) => this.#attempt(deliveryId, task, context));
  }

  /** Enqueues the webhook in the transaction that completes the task. */
  async announce(task: Task, transaction: Queries): Promise<void> {
    const id = v7();
    await transaction.query(statements.insert, [id, task.id]);
    await this.#options.jobs.enqueue(sendWebhook, { deliveryId: id, task }, { transaction, id });
  }

  /** The latest first. */
  async list(taskId: string, options: QueryOptions): Promise<Delivery[]> {
    const { rows } = await this.#options.database.query<Row>(statements.list, [taskId], options);
    return Promise.all(rows.map((row) => this.#toDelivery(row)));
  }

  async #attempt(id: string, task: Task, { attempt, traceHeaders, complete }: JobContext): Promise<void> {
    const { database } = this.#options;
    let status: number | null = null;
    try {
      status = await this.#options.tracing.span(...describe(this.#options.url), async (span) => {
        const received = await this.#send(id, task, traceHeaders());
        span.set({ 'http.response.status_code': received });
        return received;
      });
      if (status < 200 || status > 299) throw new Error(`The receiver responded ${status}`);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      await database.query(statements.attempted, [id, 'pending', attempt, status, reason]);
      throw error;
    }
    await complete((transaction) =>
      transaction.query(statements.attempted, [id, 'delivered', attempt, status, null]),
    );
  }

  /** @returns the status of the response */
  async #send(id: string, task: Task, traceHeaders: Readonly<Record<string, string>>): Promise<number> {
    const { url, secret } = this.#options;
    const body = JSON.stringify({ type: 'task.completed', data: task });
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...traceHeaders,
        ...signatureHeaders({ id, body }, secret),
      },
      body,
      redirect: 'manual', // a redirect could lead to an address that the configuration does not name
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    await response.body?.cancel();
    return response.status;
  }

  async #toDelivery(row: Row): Promise<Delivery> {
    const { id, state, attempts, last_status: status, last_error: error } = row;
    const progress = state === 'pending' ? await this.#options.jobs.progress(sendWebhook, id) : undefined;
    const next = progress?.nextAttemptAt;
    return {
      id,
      state,
      attempts,
      ...(status === null ? {} : { lastStatus: status }),
      ...(error === null ? {} : { lastError: error }),
      ...(next === undefined ? {} : { nextAttemptAt: next.toISOString() }),
      createdAt: row.created_at.toISOString(),
      updatedAt: row.updated_at.toISOString(),
    };
  }
}

/** The span of a request to the receiver: https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-client */
function describe(url: string) {
  const { hostname, port, protocol } = new URL(url);
  const attributes = {
    'http.request.method': 'POST',
    'server.address': hostname,
    'server.port': Number(port) || (protocol === 'https:' ? 443 : 80),
  };
  return ['POST', { kind: 'client', attributes }] as const;
}
