import type { Database, Queries, QueryOptions, Statement } from '../database/database.ts';
import type { JobContext } from '../jobs/job.ts';
import type { Jobs } from '../jobs/jobs.ts';
import { v7 } from 'uuid';
import type { OutboundClient } from '../outbound/client.ts';
import { OutboundError } from '../outbound/errors.ts';
import { giveUpWebhook, sendWebhook, type Delivery } from './delivery.ts';
import { signatureHeaders } from './signature.ts';
import type { Task } from './task.ts';

interface WebhooksOptions {
  readonly database: Database;
  readonly jobs: Jobs;
  readonly client: OutboundClient;
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
      status = await this.#send(id, task, traceHeaders);
    } catch (error) {
      if (error instanceof OutboundError) status = error.received ?? null;
      const reason = error instanceof Error ? error.message : String(error);
      await database.query(statements.attempted, [id, 'pending', attempt, status, reason]);
      throw error;
    }
    await complete((transaction) =>
      transaction.query(statements.attempted, [id, 'delivered', attempt, status, null]),
    );
  }

  /** @returns the status of the response */
  async #send(id: string, task: Task, traceHeaders: JobContext['traceHeaders']): Promise<number> {
    const { client, url, secret } = this.#options;
    const body = JSON.stringify({ type: 'task.completed', data: task });
    const headers = signatureHeaders({ id, body }, secret);
    return (await client.request(url, { method: 'POST', headers, body, traceHeaders })).status;
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
