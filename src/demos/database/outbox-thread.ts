/** A thread that places orders and sends a message for each, and that may crash between two writes. */
import process from 'node:process';
import { workerData } from 'node:worker_threads';
import pg from 'pg';

export interface SenderJob {
  /** How orders are placed, or the relay of the outbox. */
  readonly step: 'two-writes' | 'outbox' | 'relay';
  readonly orders: number;
  /** The first order to place. */
  readonly first: number;
  /** Ends the thread at these orders, between their two writes. */
  readonly crashAt: readonly number[];
  readonly table: string;
  /** The address that messages are sent to. */
  readonly receiver: string;
  readonly connection: pg.ClientConfig;
}

const CRASHED = 70;

const { step, orders, first, crashAt, table, receiver, connection } = workerData as SenderJob;
const client = new pg.Client(connection);
await client.connect();
if (step === 'relay') await relay();
else for (let id = first; id <= orders; id += 1) await (step === 'outbox' ? placeWithOutbox(id) : place(id));
await client.end();

/** The wrong way: a crash between the two writes loses the message. */
async function place(id: number): Promise<void> {
  const { rowCount } = await client.query(
    `insert into ${table} (id) values ($1) on conflict (id) do nothing`,
    [id],
  );
  if (rowCount === 0) return; // a caller that tries again finds its order
  crashIfAsked(id);
  await send(id);
}

/** The order and its message are rows of one transaction. */
async function placeWithOutbox(id: number): Promise<void> {
  await client.query('begin');
  const { rowCount } = await client.query(
    `insert into ${table} (id) values ($1) on conflict (id) do nothing`,
    [id],
  );
  if (rowCount === 1) {
    crashIfAsked(id);
    await client.query(`update ${table} set message = 'waiting' where id = $1`, [id]);
  }
  await client.query('commit');
}

/** Sends what waits in the outbox, and marks it afterwards. */
async function relay(): Promise<void> {
  for (;;) {
    await client.query('begin');
    const { rows } = await client.query<{ id: number }>(
      `select id from ${table} where message = 'waiting' order by id limit 1 for update skip locked`,
    );
    const id = rows[0]?.id;
    if (id !== undefined) {
      await send(id);
      crashIfAsked(id);
      await client.query(`update ${table} set message = 'sent' where id = $1`, [id]);
    }
    await client.query('commit');
    if (id === undefined) return;
  }
}

async function send(id: number): Promise<void> {
  await fetch(`${receiver}/${id}`, { method: 'POST' });
}

/** Ends this thread at once: what it has not committed is rolled back by the server. */
function crashIfAsked(id: number): void {
  if (crashAt.includes(id)) process.exit(CRASHED);
}
