/** The same heavy statement for SQLite and PostgreSQL: it computes its rows, so that no table is needed. */
import { DatabaseSync } from 'node:sqlite';

/** Its only parameter is the number of rows. */
const QUERY = (parameter: string) =>
  `with recursive numbers(n) as (select 1 union all select n + 1 from numbers where n < ${parameter})
   select sum(n % 7) as total from numbers`;

export const postgresText = QUERY('$1::integer');

/** Runs the statement in an empty database in memory. It blocks the thread that calls it. */
export function runSqlite(rows: number): number {
  using database = new DatabaseSync(':memory:');
  return Number(database.prepare(QUERY('?')).get(rows)?.['total']);
}
