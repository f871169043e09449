import type { ClientBase } from 'pg';

/** An aggregate over every order, for which no index helps; the same key yields the same value. */
const STATEMENT = 'select sum(hashtext(note || $1))::text as value from orders';

/** Has the database compute a value from a table of 100,000 rows. */
export async function computeSlowly(client: Pick<ClientBase, 'query'>, key: string): Promise<string> {
  const { rows } = await client.query<{ value: string }>(STATEMENT, [key]);
  return rows[0]?.value ?? '';
}
