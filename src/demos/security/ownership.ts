import type { ClientBase } from 'pg';
import { z } from 'zod';
import { count } from '../kit/answer/units.ts';
import { demoRoute, wholeNumber, type Lesson } from '../kit/demo.ts';
import { scratchDatabaseOf } from '../kit/database/scratch-database.ts';
import { CUSTOMERS, ORDERS } from '../kit/database/seed.ts';

/** The customer who calls. */
const CALLER = 7;

interface Order {
  readonly id: number;
  readonly customer_id: number;
}

type Find = (client: ClientBase, id: number) => Promise<{ status: number; order?: Order }>;

async function select(client: ClientBase, where: string, ...values: number[]): Promise<Order | undefined> {
  const { rows } = await client.query<Order>(`select id, customer_id from orders where ${where}`, values);
  return rows[0];
}

const respond = (order: Order | undefined) =>
  order === undefined ? { status: 404 } : { status: 200, order };

/** The wrong ways first. */
const ways: readonly { readonly way: string; readonly find: Find }[] = [
  { way: 'by id', find: async (client, id) => respond(await select(client, 'id = $1', id)) },
  {
    way: 'by id, others 403',
    async find(client, id) {
      const order = await select(client, 'id = $1', id);
      return order === undefined || order.customer_id === CALLER ? respond(order) : { status: 403 };
    },
  },
  {
    way: 'by id and owner',
    find: async (client, id) => respond(await select(client, 'id = $1 and customer_id = $2', id, CALLER)),
  },
];

const row = z.strictObject({
  way: z.string(),
  ownReadable: z.number(),
  foreignReadable: z.number().describe('Orders of other customers that were returned'),
  existenceRevealed: z.number().describe('Other orders whose status differs from that of an unknown id'),
});

const result = z.strictObject({
  own: z.number().describe('Orders of the caller that were requested'),
  foreign: z.number().describe('Orders of other customers that were requested'),
  ways: z.array(row),
});
type Result = z.infer<typeof result>;

export const ownership = demoRoute({
  method: 'get',
  path: '/ownership',
  title: "Another customer's order",
  summary: 'Requests own and foreign orders by id, from queries without and with the owner, and counts both.',
  teaches:
    'A caller who is logged in may still ask for the id of another (IDOR, broken object level authorization). Name the ' +
    'owner in every statement: a check after the read can be forgotten, and a 403 reveals that the id exists.',
  query: z.object({
    ids: wholeNumber('Foreign ids to try', { min: 1, max: 200, default: 50 }),
  }),
  result,
  examples: [{ title: 'How many foreign orders are readable', query: { as: 'text' } }],
  contrasts: ['security/mass-assignment'],
  run({ query: { ids }, signal, timeline, resources }) {
    return scratchDatabaseOf(resources).withClients(1, signal, async (client) => {
      // Order n belongs to customer 1 + n % CUSTOMERS.
      const foreign = Array.from({ length: ids }, (_, index) => CALLER + index);
      const own = Array.from({ length: 10 }, (_, index) => CALLER - 1 + (index + 1) * CUSTOMERS);
      const rows = [];
      for (const { way, find } of ways) {
        rows.push(
          await timeline.record(way, 'database', async () => {
            const unknown = await find(client, ORDERS + 1);
            const figures = { way, ownReadable: 0, foreignReadable: 0, existenceRevealed: 0 };
            for (const id of own) if ((await find(client, id)).order !== undefined) figures.ownReadable += 1;
            for (const id of foreign) {
              const { status, order } = await find(client, id);
              if (order !== undefined) figures.foreignReadable += 1;
              if (status !== unknown.status) figures.existenceRevealed += 1;
            }
            return figures;
          }),
        );
      }
      const observed = { own: own.length, foreign: ids, ways: rows };
      return { result: observed, lesson: conclude(observed) };
    });
  },
});

export function conclude({ own, foreign, ways: rows }: Result): Lesson {
  const [byId, forbidden, byOwner] = rows;
  if (byId === undefined || forbidden === undefined || byOwner === undefined)
    throw new Error('a way is missing');
  const kept = rows.every(({ ownReadable }) => ownReadable === own)
    ? `All ways returned the ${count(own, 'order')} of the caller.`
    : 'Not every way returned all orders of the caller.';
  return {
    headline: `By id: ${byId.foreignReadable} of ${foreign} foreign orders readable; with the owner: ${byOwner.foreignReadable}`,
    text:
      `The check after the read returned ${forbidden.foreignReadable}, but its status revealed that ` +
      `${forbidden.existenceRevealed} of ${foreign} ids exist; with the owner in the statement ${byOwner.existenceRevealed} were revealed. ${kept}`,
  };
}
