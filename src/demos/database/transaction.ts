import pg from 'pg';
import { z } from 'zod';
import { isConnectionError } from '../../database/problems.ts';
import { demoRoute, wholeNumber, type Lesson } from '../kit/demo.ts';
import { scratchDatabaseOf } from '../kit/database/scratch-database.ts';

const START_CENTS = 10_000;
const NO_CRASH = 'none';

const waySchema = z.strictObject({
  fromCents: z.number().describe('The account that pays, read on another connection after the crash'),
  toCents: z.number().describe('The account that receives'),
  missingCents: z.number().describe('Money that neither account has'),
  crash: z.string().describe('What the server reported to the connection that it closed (SQLSTATE)'),
});
type Way = z.infer<typeof waySchema>;

const resultSchema = z.strictObject({
  amountCents: z.number(),
  totalCents: z.number().describe('Both accounts before each transfer'),
  separate: waySchema.describe('Two statements, each committed by itself'),
  transaction: waySchema.describe('The same statements in one transaction'),
});
type Result = z.infer<typeof resultSchema>;

export const transaction = demoRoute({
  method: 'get',
  path: '/transaction',
  title: 'Write both rows or neither',
  summary: 'Transfers money between two accounts, and loses the connection between the two writes.',
  teaches:
    'Each statement alone is committed at once. In a transaction, a crash between two writes undoes the first: the server ' +
    'rolls back when the connection is gone.',
  query: z.object({
    amountCents: wholeNumber('Amount to transfer', { min: 1, max: START_CENTS, default: 2_500 }),
  }),
  result: resultSchema,
  examples: [{ title: 'A crash between two writes', query: { as: 'text' } }],
  contrasts: [],
  run({ query: { amountCents }, resources, signal }) {
    return scratchDatabaseOf(resources).withClients(3, signal, async (observer, first, second) => {
      // A run that was interrupted has not removed its rows.
      await observer.query(`delete from accounts where created_at < now() - interval '10 minutes'`);
      const transfer = async (client: pg.Client, begin: boolean): Promise<Way> => {
        const { rows } = await observer.query<{ id: number }>(
          `insert into accounts (balance_cents) values (${START_CENTS}), (0) returning id`,
        );
        const ids = rows.map(({ id }) => id);
        const [from = 0, to = 0] = ids;
        try {
          const crash = await crashBetween(client, begin, [
            {
              text: 'update accounts set balance_cents = balance_cents - $2 where id = $1',
              values: [from, amountCents],
            },
            {
              text: 'update accounts set balance_cents = balance_cents + $2 where id = $1',
              values: [to, amountCents],
            },
          ]);
          const fromCents = await balanceOf(observer, from);
          const toCents = await balanceOf(observer, to);
          return { fromCents, toCents, missingCents: START_CENTS - fromCents - toCents, crash };
        } finally {
          await observer.query('delete from accounts where id = any($1)', [ids]);
        }
      };
      const result = {
        amountCents,
        totalCents: START_CENTS,
        separate: await transfer(first, false),
        transaction: await transfer(second, true),
      };
      return { result, lesson: conclude(result) };
    });
  },
});

/** Runs both writes, and ends the session between them. @returns the error that the crash caused */
async function crashBetween(
  client: pg.Client,
  begin: boolean,
  [debit, credit]: readonly [pg.QueryConfig, pg.QueryConfig],
): Promise<string> {
  try {
    if (begin) await client.query('begin');
    await client.query(debit);
    await client.query('select pg_terminate_backend(pg_backend_pid())'); // as if this process or the network had failed
    await client.query(credit);
    if (begin) await client.query('commit');
    return NO_CRASH;
  } catch (error) {
    if (!isConnectionError(error)) throw error;
    return error instanceof pg.DatabaseError ? (error.code ?? 'unknown') : 'connection closed';
  }
}

async function balanceOf(client: pg.Client, id: number): Promise<number> {
  const { rows } = await client.query<{ balance_cents: number }>(
    'select balance_cents from accounts where id = $1',
    [id],
  );
  return rows[0]?.balance_cents ?? 0;
}

function conclude({ amountCents, totalCents, separate, transaction: together }: Result): Lesson {
  const amount = cents(amountCents);
  const balances = ({ fromCents, toCents }: Way) => `${cents(fromCents)} and ${cents(toCents)}`;
  const text =
    `Two writes transfer ${amount} of ${cents(totalCents)}, and the connection was to be closed between them. ` +
    `The accounts then had ${balances(separate)} without a transaction, and ${balances(together)} with one.`;
  if (separate.crash === NO_CRASH || together.crash === NO_CRASH) {
    return { headline: 'A transfer did not crash: this run shows nothing', text };
  }
  if (together.missingCents !== 0) {
    return { headline: `The transaction lost ${cents(together.missingCents)}`, text };
  }
  if (separate.missingCents === 0) return { headline: 'Nothing was lost either way in this run', text };
  return {
    headline: `Without a transaction ${cents(separate.missingCents)} disappeared; with one, nothing`,
    text: together.fromCents === totalCents ? `${text} The server rolled the open transaction back.` : text,
  };
}

function cents(value: number): string {
  return (value / 100).toFixed(2);
}
