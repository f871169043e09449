import { once } from 'node:events';
import type { ClientBase } from 'pg';
import { z } from 'zod';
import { count } from '../kit/answer/units.ts';
import { demoRoute, wholeNumber, type Lesson } from '../kit/demo.ts';
import { overLoopback } from '../kit/measure/loopback.ts';
import type { DemoResources } from '../kit/resources/resources.ts';
import type { SenderJob } from './outbox-thread.ts';
import { withRunTable } from './run-table.ts';
import { scratchDatabaseOf } from '../kit/database/scratch-database.ts';

const program = new URL('./outbox-thread.ts', import.meta.url);

const wayResult = z.strictObject({
  orders: z.number().describe('Orders in the table'),
  received: z.number().describe('Messages that the receiver got, without those it got before'),
  lost: z.number().describe('Orders without a message'),
  doubled: z.number().describe('Messages that the receiver got again'),
  crashes: z.number(),
});
type WayResult = z.infer<typeof wayResult>;

const resultSchema = z.strictObject({
  twoWrites: wayResult.describe('Inserts the order, then sends the message'),
  outbox: wayResult.describe('Inserts both in one transaction; a relay sends the messages'),
});
type Result = z.infer<typeof resultSchema>;

export const outbox = demoRoute({
  method: 'get',
  path: '/outbox',
  title: 'Use an outbox',
  summary: 'Places orders and sends a message for each; the sender crashes between the two writes.',
  teaches:
    'A row and a message are not one write. With an outbox both are rows of one transaction, and each message is sent at ' +
    'least once.',
  query: z.object({
    orders: wholeNumber('Orders to place', { min: 4, max: 40, default: 12 }),
    crashes: wholeNumber('Crashes between two writes', { min: 0, max: 3, default: 2 }),
  }),
  result: resultSchema,
  examples: [
    { title: 'With two crashes', query: { as: 'text' } },
    { title: 'Without a crash', query: { crashes: 0, as: 'text' } },
  ],
  contrasts: ['database/queue', 'database/notify'],
  run({ query: { orders, crashes }, resources, signal, timeline }) {
    const create = (table: string) => `create unlogged table ${table} (id integer primary key, message text)`;
    return resources.budgets.threads.use(1, signal, () =>
      withRunTable(resources, { create, clients: 1, signal }, async (table, client) => {
        const crashAt = Array.from({ length: crashes }, (_, n) =>
          Math.floor(((n + 1) * orders) / (crashes + 1)),
        );
        const observe = (steps: readonly Step[]) =>
          countMessages(table, client, { steps, resources, signal });
        const twoWrites = await timeline.record('two writes', 'sender', () =>
          observe([{ step: 'two-writes', orders, crashAt }]),
        );
        await client.query(`truncate ${table}`);
        const relayed = await timeline.record('outbox', 'sender and relay', () =>
          observe([
            { step: 'outbox', orders, crashAt },
            { step: 'relay', orders, crashAt },
          ]),
        );
        const result = { twoWrites, outbox: relayed };
        return { result, lesson: conclude(result) };
      }),
    );
  },
});

type Step = Pick<SenderJob, 'step' | 'orders' | 'crashAt'>;

interface Sending {
  readonly steps: readonly Step[];
  readonly resources: DemoResources;
  readonly signal: AbortSignal;
}

/** Runs the steps against a receiver of its own, starts each again when it has crashed, and counts what arrived. */
async function countMessages(table: string, client: ClientBase, sending: Sending): Promise<WayResult> {
  const { steps, resources, signal } = sending;
  const received = new Map<string, number>();
  let crashes = 0;
  await overLoopback(
    (req, res) => {
      const id = req.url ?? '';
      received.set(id, (received.get(id) ?? 0) + 1);
      res.end();
    },
    async (receiver) => {
      for (const { step, orders, crashAt } of steps) {
        const left = [...crashAt];
        for (let first = 1; ;) {
          const job: SenderJob = {
            step,
            orders,
            crashAt: left.slice(0, 1),
            first,
            table,
            receiver,
            connection: scratchDatabaseOf(resources).config,
          };
          const completed = await resources.threads.run(program, { data: job, signal }, async (thread) => {
            const [code] = (await once(thread, 'exit', { signal })) as [number];
            return code === 0;
          });
          if (completed) break;
          crashes += 1;
          const crashed = left.shift();
          if (crashed === undefined) throw new Error('the sender crashed without being asked to');
          // The caller of an order that was not acknowledged tries again, unless the row shows that it exists.
          if (step !== 'relay') first = crashed;
        }
      }
    },
  );
  const { rows } = await client.query<{ id: number }>(`select id from ${table}`);
  const deliveries = [...received.values()].reduce((sum, each) => sum + each, 0);
  return {
    orders: rows.length,
    received: received.size,
    lost: rows.filter(({ id }) => !received.has(`/${id}`)).length,
    doubled: deliveries - received.size,
    crashes,
  };
}

function conclude({ twoWrites, outbox: relayed }: Result): Lesson {
  const repeats =
    relayed.doubled > 0
      ? ' A crash of the relay between sending and marking sends a message again: the receiver has to ignore an id that it has seen.'
      : '';
  const text = `With two writes, ${describe(twoWrites)}. With an outbox, ${describe(relayed)}.${repeats}`;
  if (relayed.lost > 0) return { headline: `The outbox lost ${count(relayed.lost, 'message')}`, text };
  if (twoWrites.lost > 0)
    return { headline: `Two writes lost ${count(twoWrites.lost, 'message')}, the outbox none`, text };
  return twoWrites.crashes === 0
    ? {
        headline: 'Without a crash both ways deliver every message',
        text: `${text} Raise \`crashes\` to see the difference.`,
      }
    : {
        headline: `${count(twoWrites.crashes, 'crash', 'crashes')} lost no message either way in this run`,
        text,
      };
}

function describe({ orders, crashes, lost, doubled }: WayResult): string {
  return (
    `${count(crashes, 'crash', 'crashes')} left ${count(orders, 'order')}, of which ${lost} never had a message; ` +
    `${count(doubled, 'message')} arrived again`
  );
}
