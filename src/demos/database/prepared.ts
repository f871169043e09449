import { z } from 'zod';
import { ms, times } from '../kit/answer/units.ts';
import { demoRoute, type Lesson } from '../kit/demo.ts';
import { toMicroseconds } from '../kit/measure/timeline.ts';
import { scratchDatabaseOf } from '../kit/database/scratch-database.ts';
import { CUSTOMERS } from '../kit/database/seed.ts';

const RUNS = 300;

/** A join of several tables: planning it takes longer than running it. */
const TEXT = `
  select a.id, b.name, c.total_cents
  from indexed_orders a
  join customers b on b.id = a.customer_id
  join indexed_orders c on c.customer_id = b.id and c.id = a.id
  join customers d on d.id = c.customer_id
  where a.customer_id = $1
  order by a.id limit 1`;

const wayResult = z.strictObject({
  totalMs: z.number().describe(`Time of ${RUNS} runs, one after the other`),
  perRunMs: z.number(),
  planMs: z.number().describe('Planning time of one more run, as EXPLAIN ANALYZE reports it'),
  reusedPlans: z.number().describe('Runs that needed no plan of their own (`pg_prepared_statements`)'),
});

const resultSchema = z.strictObject({
  runs: z.number(),
  unnamed: wayResult.describe('The server parses and plans the statement each time'),
  named: wayResult.describe('The server parses it once per connection and soon reuses one plan'),
  timesFaster: z.number(),
});
type Result = z.infer<typeof resultSchema>;

export const prepared = demoRoute({
  method: 'get',
  path: '/prepared',
  title: 'Name a statement',
  summary: `Runs a statement ${RUNS} times on one connection, unnamed and named.`,
  teaches: 'A named statement is parsed and planned once per connection, not at every run.',
  result: resultSchema,
  examples: [{ title: 'Unnamed and named', query: { as: 'text' } }],
  contrasts: [],
  run({ resources, signal, timeline }) {
    return scratchDatabaseOf(resources).withClients(1, signal, async (client) => {
      const measure = async (name?: string) => {
        const startMs = timeline.now();
        for (let run = 0; run < RUNS; run += 1) {
          signal.throwIfAborted();
          const values = [1 + (run % CUSTOMERS)];
          await client.query(name === undefined ? { text: TEXT, values } : { name, text: TEXT, values });
        }
        const endMs = timeline.now();
        timeline.add(name ?? 'unnamed', 'database', startMs, endMs);
        return endMs - startMs;
      };
      await measure('warm-up'); // the data is in the cache for both
      const unnamedMs = await measure();
      const namedMs = await measure('named');
      const reused = await client.query<{ runs: number }>(
        `select generic_plans::integer as runs from pg_prepared_statements where name = 'named'`,
      );
      const explain = async (statement: string) => {
        const { rows } = await client.query<{ 'QUERY PLAN': readonly { 'Planning Time': number }[] }>(
          `explain (analyze, format json) ${statement}`,
        );
        return rows[0]?.['QUERY PLAN'][0]?.['Planning Time'] ?? 0;
      };
      const unnamedPlanMs = await explain(TEXT.replace('$1', '1'));
      const describe = (totalMs: number, planMs: number, reusedPlans: number) => ({
        totalMs: toMicroseconds(totalMs),
        perRunMs: toMicroseconds(totalMs / RUNS),
        planMs,
        reusedPlans,
      });
      const [prepared] = reused.rows;
      const result = {
        runs: RUNS,
        unnamed: describe(unnamedMs, unnamedPlanMs, 0),
        named:
          prepared === undefined
            ? describe(namedMs, unnamedPlanMs, 0)
            : describe(namedMs, await explain('execute named(1)'), prepared.runs),
        timesFaster: Math.round((unnamedMs / namedMs) * 100) / 100,
      };
      return { result, lesson: conclude(result) };
    });
  },
});

function conclude({ unnamed, named, timesFaster, runs }: Result): Lesson {
  const figures =
    `${runs} runs took ${ms(unnamed.totalMs)} unnamed and ${ms(named.totalMs)} named; ${named.reusedPlans} of the named ` +
    `reused a plan. One more run was planned in ${ms(unnamed.planMs)} unnamed and ${ms(named.planMs)} named.`;
  if (named.reusedPlans === 0) return { headline: 'The server reused no plan in this run', text: figures };
  if (timesFaster <= 1.05)
    return { headline: 'Naming the statement made no difference in this run', text: figures };
  return {
    headline: `The named statement was ${times(timesFaster)} as fast: ${named.reusedPlans} runs reused a plan`,
    text: `${figures} A named statement is parsed once per connection; after five runs the server may reuse one plan.`,
  };
}
