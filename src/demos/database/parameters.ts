import type pg from 'pg';
import { DatabaseError } from 'pg';
import { z } from 'zod';
import { count } from '../kit/answer/units.ts';
import { demoRoute, oneOf, type Lesson } from '../kit/demo.ts';
import { scratchDatabaseOf } from '../kit/database/scratch-database.ts';
import { createStatistics } from './statistics.ts';

/**
 * The inputs that may be sent. Free text would let any caller run any statement with the rights of this service, which
 * a read-only transaction does not prevent: functions of the server read files.
 */
const INPUTS = {
  'always-true': "' or '1'='1",
  union: "' union select id, note from orders where id <= 10 --",
  apostrophe: "O'Hara",
  honest: 'customer 7',
} as const;
type Input = keyof typeof INPUTS;
const inputs = Object.keys(INPUTS) as [Input, ...Input[]];

/** Ordinary searches before the one with the input. */
const SEARCHES = 20;
/** In the text of the statements, so that the server's statistics can be filtered by it. */
const TAGS = { concatenated: 'concatenated search', parameter: 'search by parameter' } as const;

const searchSchema = z.strictObject({
  rows: z.number().optional().describe('Rows that the search for the input returned'),
  otherRows: z.number().optional().describe('Those of them whose name is not the input'),
  errorCode: z.string().optional().describe('SQLSTATE of the error of that search; 42601 is a syntax error'),
  statistics: z
    .strictObject({
      differentStatements: z.number().describe('Entries in pg_stat_statements, which ignores constants'),
      calls: z.number(),
      plans: z.number(),
    })
    .optional(),
});
type Search = z.infer<typeof searchSchema>;

const resultSchema = z.strictObject({
  input: z.string(),
  searches: z.number().describe('Searches in each way: ordinary names, then the input'),
  concatenated: searchSchema,
  parameter: searchSchema,
  statistics: z.string().describe('Whether the server counts statements'),
});
type Result = z.infer<typeof resultSchema>;

export const parameters = demoRoute({
  method: 'get',
  path: '/parameters',
  title: 'Pass input as a parameter',
  summary: 'Searches a name, concatenated into the statement and passed as `$1`.',
  teaches:
    'Input that is concatenated becomes part of the statement and can change it. A parameter is only ever a value, and ' +
    'the server can reuse one plan for all values.',
  query: z.object({ input: oneOf('What a client sends as the name', inputs) }),
  result: resultSchema,
  examples: [
    { title: 'A condition that is always true', query: { as: 'text' } },
    { title: 'Rows of another table', query: { input: 'union', as: 'text' } },
    { title: 'An ordinary name with an apostrophe', query: { input: 'apostrophe', as: 'text' } },
    { title: 'An ordinary name', query: { input: 'honest' } },
  ],
  contrasts: [],
  run({ query, resources, signal }) {
    const input = INPUTS[query.input];
    return scratchDatabaseOf(resources).withClients(1, signal, async (client) => {
      const statistics = await createStatistics(client, signal);
      await client.query('begin transaction read only');
      const search = async (
        tag: string,
        find: (name: string) => Promise<pg.QueryResult<Customer>>,
      ): Promise<Search> => {
        const before = await statistics?.read(tag);
        for (let number = 1; number <= SEARCHES; number += 1) await find(`customer ${number}`);
        await client.query('savepoint before_input');
        const found = await outcomeOf(input, () => find(input));
        await client.query('rollback to before_input');
        const after = await statistics?.read(tag);
        if (before === undefined || after === undefined) return found;
        // Entries that an earlier run has created count if this run has used them.
        const used = [...after].filter(([id, { calls }]) => calls > (before.get(id)?.calls ?? 0));
        const sum = (figure: 'calls' | 'plans') =>
          used.reduce((total, [id, entry]) => total + entry[figure] - (before.get(id)?.[figure] ?? 0), 0);
        return {
          ...found,
          statistics: { differentStatements: used.length, calls: sum('calls'), plans: sum('plans') },
        };
      };
      const concatenated = await search(TAGS.concatenated, (name) =>
        client.query(`select /* ${TAGS.concatenated} */ id, name from customers where name = '${name}'`),
      );
      const parameter = await search(TAGS.parameter, (name) =>
        client.query({
          name: 'search',
          text: `select /* ${TAGS.parameter} */ id, name from customers where name = $1`,
          values: [name],
        }),
      );
      await client.query('rollback');
      const result = {
        input,
        searches: SEARCHES + 1,
        concatenated,
        parameter,
        statistics:
          statistics === undefined
            ? 'The extension pg_stat_statements is not available here, or not to this role'
            : 'From pg_stat_statements',
      };
      return { result, lesson: conclude(result) };
    });
  },
});

interface Customer {
  readonly id: number;
  readonly name: string;
}

async function outcomeOf(input: string, find: () => Promise<pg.QueryResult<Customer>>): Promise<Search> {
  try {
    const { rows } = await find();
    return { rows: rows.length, otherRows: rows.filter(({ name }) => name !== input).length };
  } catch (error) {
    if (error instanceof DatabaseError && error.code !== undefined) return { errorCode: error.code };
    throw error;
  }
}

/** A search for a name returns rows with that name, or none. */
function changedStatement({ rows, otherRows = 0 }: Search): boolean {
  return rows === undefined || otherRows > 0;
}

function conclude({ input, concatenated, parameter }: Result): Lesson {
  const outcome = ({ rows, errorCode }: Search) =>
    rows === undefined ? `failed with ${errorCode ?? 'an error'}` : `returned ${count(rows, 'row')}`;
  const plans =
    concatenated.statistics === undefined || parameter.statistics === undefined
      ? ''
      : ` The server planned ${count(concatenated.statistics.plans, 'time')} for ` +
        `${count(concatenated.statistics.calls, 'concatenated statement')} of ` +
        `${count(concatenated.statistics.differentStatements, 'kind')}, and ${count(parameter.statistics.plans, 'time')} for ` +
        `${count(parameter.statistics.calls, 'search', 'searches')} by parameter of ${count(parameter.statistics.differentStatements, 'kind')}.`;
  const figures = `The search for ${input} ${outcome(concatenated)} concatenated, and ${outcome(parameter)} as a parameter.`;
  if (changedStatement(parameter)) {
    return { headline: 'The parameter changed the statement, too', text: `${figures}${plans}` };
  }
  if (!changedStatement(concatenated)) {
    return {
      headline: `Both searches ${outcome(parameter)}: this input changed nothing`,
      text: `${figures}${plans}`,
    };
  }
  const short = ({ rows, errorCode = 'unknown' }: Search) =>
    rows === undefined ? `error ${errorCode}` : count(rows, 'row');
  const effect = concatenated.rows === undefined ? 'was not valid SQL' : 'ran as SQL';
  return {
    headline: `Concatenated: ${short(concatenated)}; as a parameter: ${short(parameter)}`,
    text: `${figures} The quote in the input ended the text in the statement, and the rest of it ${effect}.${plans}`,
  };
}
