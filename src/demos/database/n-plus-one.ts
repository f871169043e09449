import type pg from 'pg';
import { z } from 'zod';
import { count, ms, times } from '../kit/answer/units.ts';
import { demoRoute, wholeNumber, type Lesson } from '../kit/demo.ts';
import { toMicroseconds } from '../kit/measure/timeline.ts';
import { scratchDatabaseOf } from '../kit/database/scratch-database.ts';
import { createStatistics } from './statistics.ts';

/** The first orders of the table: five of each customer. */
const LAST_ORDER = 5_000;

const waySchema = z.strictObject({
  statements: z.number().describe('Statements that were sent, each of them a round trip'),
  rows: z.number().describe('Orders that were found'),
  totalMs: z.number(),
  serverMs: z.number().optional().describe('Time in which the server executed them (pg_stat_statements)'),
});

const resultSchema = z.strictObject({
  customers: z.number(),
  loop: waySchema.describe('One statement for the customers, then one for each'),
  join: waySchema.describe('One statement'),
  any: waySchema.describe('One statement for the customers, one for the orders of all'),
  sameOrders: z.boolean(),
});
type Result = z.infer<typeof resultSchema>;

interface Order {
  readonly id: number;
  readonly total_cents: number;
}

type Query = <Row extends pg.QueryResultRow>(text: string, values: readonly unknown[]) => Promise<Row[]>;

const WAYS = {
  async loop(query: Query, customers: number): Promise<Order[]> {
    const orders: Order[] = [];
    for (const { id } of await findCustomers(query, 'n-plus-one loop', customers)) {
      orders.push(
        ...(await query<Order>(
          `select /* n-plus-one loop */ id, total_cents from indexed_orders
           where customer_id = $1 and id <= ${LAST_ORDER}`,
          [id],
        )),
      );
    }
    return orders;
  },
  join(query: Query, customers: number): Promise<Order[]> {
    return query<Order>(
      `select /* n-plus-one join */ c.name, o.id, o.total_cents
       from (select id, name from customers order by id limit $1) c
       join indexed_orders o on o.customer_id = c.id and o.id <= ${LAST_ORDER}`,
      [customers],
    );
  },
  async any(query: Query, customers: number): Promise<Order[]> {
    const found = await findCustomers(query, 'n-plus-one any', customers);
    return query<Order>(
      `select /* n-plus-one any */ customer_id, id, total_cents from indexed_orders
       where customer_id = any($1) and id <= ${LAST_ORDER}`,
      [found.map(({ id }) => id)],
    );
  },
};
type Way = keyof typeof WAYS;

function findCustomers(query: Query, tag: string, customers: number) {
  return query<{ id: number; name: string }>(
    `select /* ${tag} */ id, name from customers order by id limit $1`,
    [customers],
  );
}

export const nPlusOne = demoRoute({
  method: 'get',
  path: '/n-plus-one',
  title: 'Read related rows in one statement',
  summary: 'Reads the orders of many customers: a statement for each, a join, and `= any($1)`.',
  teaches:
    'A statement per row costs a round trip per row, most of which is not spent in the database. A join, or one statement ' +
    'for all ids, reads the same rows in one or two.',
  query: z.object({
    customers: wholeNumber('Customers whose orders to read', { min: 1, max: 500, default: 100 }),
  }),
  result: resultSchema,
  examples: [
    { title: '100 customers', query: { as: 'text' } },
    { title: 'One customer', query: { customers: 1, as: 'text' } },
  ],
  contrasts: [],
  run({ query: { customers }, resources, signal, timeline }) {
    return scratchDatabaseOf(resources).withClients(1, signal, async (client) => {
      const statistics = await createStatistics(client, signal);
      const serverMs = async (way: Way) =>
        [...((await statistics?.read(`n-plus-one ${way}`)) ?? [])].reduce(
          (sum, [, { executionMs }]) => sum + executionMs,
          0,
        );
      const measure = async (way: Way) => {
        let statements = 0;
        const beforeMs = await serverMs(way);
        const startMs = timeline.now();
        const orders = await WAYS[way](async (text, values) => {
          signal.throwIfAborted();
          statements += 1;
          return (await client.query(text, [...values])).rows as never;
        }, customers);
        const endMs = timeline.now();
        timeline.add(way, 'database', startMs, endMs);
        const figures = {
          statements,
          rows: orders.length,
          totalMs: toMicroseconds(endMs - startMs),
          ...(statistics === undefined ? {} : { serverMs: toMicroseconds((await serverMs(way)) - beforeMs) }),
        };
        return { figures, ids: orders.map(({ id }) => id).sort((a, b) => a - b) };
      };
      await WAYS.any(
        async (text, values) => (await client.query(text, [...values])).rows as never,
        customers,
      ); // fills the cache
      const loop = await measure('loop');
      const join = await measure('join');
      const any = await measure('any');
      const ids = [loop, join, any].map((way) => way.ids.join());
      const result = {
        customers,
        loop: loop.figures,
        join: join.figures,
        any: any.figures,
        sameOrders: new Set(ids).size === 1,
      };
      return { result, lesson: conclude(result) };
    });
  },
});

function conclude({ loop, join, any, sameOrders }: Result): Lesson {
  const figures =
    `The loop sent ${count(loop.statements, 'statement')} in ${ms(loop.totalMs)}, the join ${join.statements} in ` +
    `${ms(join.totalMs)}, and any($1) ${any.statements} in ${ms(any.totalMs)}. ` +
    (loop.serverMs === undefined
      ? ''
      : `The server executed those of the loop in ${ms(loop.serverMs)}: the rest is planning, round trips and the client. `) +
    (sameOrders ? `All found the same ${count(loop.rows, 'order')}.` : 'They did not find the same orders.');
  const best = join.totalMs < any.totalMs ? join : any;
  const most = Math.max(join.statements, any.statements);
  const headline = !sameOrders
    ? 'The ways did not find the same orders'
    : most >= loop.statements
      ? `One way sent ${count(most, 'statement')}, the loop ${loop.statements}`
      : loop.totalMs <= best.totalMs
        ? `${count(loop.statements, 'statement')} took no longer than ${best.statements}`
        : `${count(loop.statements, 'statement')} took ${times(loop.totalMs / best.totalMs)} as long as ${best.statements}`;
  return { headline, text: figures };
}
