import { setTimeout as sleep } from 'node:timers/promises';
import type { ClientBase } from 'pg';

/** The schema of the demos: never the service's own tables, also on a database that others use. */
export const SCHEMA = 'exemplar_demos';
/** Change it with the tables below: a schema of another version is rebuilt. */
const VERSION = '2';
/** Any number, the same in every process that builds the schema. */
const LOCK = 4_711_002;
const LOCK_POLL_MS = 50;

export const CUSTOMERS = 1_000;
export const ORDERS = 100_000;

const TABLES = `
  -- Vacuum treats a row as visible to all only if its commit is on disk, which the server may delay.
  set synchronous_commit = on;
  begin;
  drop schema if exists ${SCHEMA} cascade;
  create schema ${SCHEMA};

  create table customers (id integer primary key, name text not null);
  insert into customers select n, 'customer ' || n from generate_series(1, ${CUSTOMERS}) as n;

  -- Without an index on customer_id, which some demos compare with one.
  create table orders (
    id integer primary key,
    customer_id integer not null,
    total_cents integer not null,
    note text not null
  );
  insert into orders
    select n, 1 + n % ${CUSTOMERS}, 100 + (n * 37) % 9900, repeat(md5(n::text), 4)
    from generate_series(1, ${ORDERS}) as n;

  create table indexed_orders (like orders including all);
  insert into indexed_orders select * from orders;
  create index indexed_orders_customer on indexed_orders (customer_id);
  create index indexed_orders_covering on indexed_orders (customer_id, id) include (total_cents);

  -- Rows of single runs, which remove them.
  create table counters (
    id integer generated always as identity primary key,
    value integer not null default 0,
    version integer not null default 0,
    created_at timestamptz not null default now()
  );
  create table accounts (
    id integer generated always as identity primary key,
    balance_cents integer not null,
    created_at timestamptz not null default now()
  );
  commit;
`;

/** Builds the tables of the demos unless they are there. Takes about a second. The lock ends with the connection. */
export async function seed(client: ClientBase): Promise<void> {
  while (!(await lock(client))) await sleep(LOCK_POLL_MS); // another worker builds them
  const { rows } = await client.query<{ version: string | null }>(
    `select obj_description(to_regnamespace($1), 'pg_namespace') as version`,
    [SCHEMA],
  );
  if (rows[0]?.version === VERSION) return;
  await client.query(TABLES);
  // An index-only scan needs the visibility map, which only vacuum fills, and not in a transaction.
  await client.query('vacuum (analyze) customers, orders, indexed_orders');
  await client.query(`comment on schema ${SCHEMA} is '${VERSION}'`); // last: an unfinished schema has no version
}

/** Does not wait in the server: the snapshot of a statement that waits would keep vacuum from its work. */
async function lock(client: ClientBase): Promise<boolean> {
  const { rows } = await client.query<{ locked: boolean }>('select pg_try_advisory_lock($1) as locked', [
    LOCK,
  ]);
  return rows[0]?.locked === true;
}
