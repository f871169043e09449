import type pg from 'pg';
import { z } from 'zod';
import { count, ms, times } from '../kit/answer/units.ts';
import { demoRoute, wholeNumber, type Lesson } from '../kit/demo.ts';
import { scratchDatabaseOf } from '../kit/database/scratch-database.ts';
import { CUSTOMERS } from '../kit/database/seed.ts';

/** The same question to a table without an index on `customer_id`, and to its copy with two. */
const ordersOf = (customer: number, table: string) =>
  `select id, total_cents from ${table} where customer_id = ${customer}`;

const scanSchema = z.strictObject({
  plan: z.string().describe('The nodes of the plan, the outermost first'),
  index: z.string().optional(),
  rows: z.number().describe('Rows that were found'),
  rowsRemovedByFilter: z.number().describe('Rows that were read in vain'),
  heapFetches: z.number().optional().describe('Rows that an index-only scan had to look up in the table'),
  buffersHit: z.number().describe('Pages of 8 kB found in the cache of the server'),
  buffersRead: z.number().describe('Pages that were not in that cache'),
  executionMs: z.number(),
});
type Scan = z.infer<typeof scanSchema>;

const resultSchema = z.strictObject({
  customer: z.number(),
  seq: scanSchema.describe('No index on the column'),
  index: scanSchema.describe('An index on the column; the rest of each row comes from the table'),
  covering: scanSchema.describe('An index that contains all columns of the question'),
});
type Result = z.infer<typeof resultSchema>;

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Index Name'?: string;
  readonly 'Actual Rows': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly 'Heap Fetches'?: number;
  readonly 'Shared Hit Blocks': number;
  readonly 'Shared Read Blocks': number;
  readonly Plans?: readonly PlanNode[];
}

interface Explained {
  readonly Plan: PlanNode;
  readonly 'Execution Time': number;
}

export const index = demoRoute({
  method: 'get',
  path: '/index',
  title: 'Read an index, not the table',
  summary: 'Finds the orders of a customer without an index, with one, and in the index alone.',
  teaches:
    'Without an index the server reads the whole table for a few rows. With one it reads the pages of those rows. If the ' +
    'index contains every column of the query, it does not read the table at all.',
  query: z.object({
    customer: wholeNumber('Whose orders to find', { min: 1, max: CUSTOMERS, default: 42 }),
  }),
  result: resultSchema,
  examples: [{ title: 'The three plans', query: { as: 'text' } }],
  contrasts: [],
  run({ query: { customer }, resources, signal, timeline }) {
    return scratchDatabaseOf(resources).withClients(1, signal, async (client) => {
      const scan = (name: string, table: string) =>
        timeline.record(name, 'database', () => explain(client, ordersOf(customer, table)));
      const seq = await scan('seq', 'orders');
      await client.query('set enable_indexonlyscan = off'); // or the server would not use the smaller index
      const viaIndex = await scan('index', 'indexed_orders');
      await client.query('reset enable_indexonlyscan');
      const covering = await scan('covering', 'indexed_orders');
      const result = { customer, seq, index: viaIndex, covering };
      return { result, lesson: conclude(result) };
    });
  },
});

/** Runs the statement twice, and reports the second run: the first one may have to read from the disk. */
async function explain(client: pg.Client, text: string): Promise<Scan> {
  const run = async () => {
    const { rows } = await client.query<{ 'QUERY PLAN': readonly Explained[] }>(
      `explain (analyze, buffers, format json) ${text}`,
    );
    const [explained] = rows[0]?.['QUERY PLAN'] ?? [];
    if (explained === undefined) throw new Error('EXPLAIN returned no plan');
    return explained;
  };
  await run();
  const { Plan: plan, 'Execution Time': executionMs } = await run();
  const nodes = flatten(plan);
  const indexName = nodes.find((node) => node['Index Name'] !== undefined)?.['Index Name'];
  const heapFetches = nodes.find((node) => node['Heap Fetches'] !== undefined)?.['Heap Fetches'];
  return {
    plan: nodes.map((node) => node['Node Type']).join(' > '),
    ...(indexName === undefined ? {} : { index: indexName }),
    rows: plan['Actual Rows'],
    rowsRemovedByFilter: nodes.reduce((sum, node) => sum + (node['Rows Removed by Filter'] ?? 0), 0),
    ...(heapFetches === undefined ? {} : { heapFetches }),
    buffersHit: plan['Shared Hit Blocks'],
    buffersRead: plan['Shared Read Blocks'],
    executionMs,
  };
}

function flatten(node: PlanNode): PlanNode[] {
  return [node, ...(node.Plans ?? []).flatMap(flatten)];
}

function conclude({ seq, index: viaIndex, covering }: Result): Lesson {
  const pages = ({ buffersHit, buffersRead }: Scan) => buffersHit + buffersRead;
  const figures =
    `The server read ${count(pages(seq), 'page')} in ${ms(seq.executionMs)} by ${seq.plan}, which removed ` +
    `${count(seq.rowsRemovedByFilter, 'row')} to find ${seq.rows}. ` +
    `By ${viaIndex.plan} it read ${count(pages(viaIndex), 'page')} in ${ms(viaIndex.executionMs)}, and by ` +
    `${covering.plan} ${count(pages(covering), 'page')} in ${ms(covering.executionMs)}.`;
  if (pages(viaIndex) >= pages(seq)) {
    return {
      headline: 'The index saved nothing in this run',
      text: `${figures} The index was not used, or is missing.`,
    };
  }
  if (!covering.plan.includes('Index Only Scan')) {
    return {
      headline: `The index read ${times(pages(seq) / pages(viaIndex))} fewer pages; none covered the query`,
      text: `${figures} No index contained all columns of the query, so each row came from the table.`,
    };
  }
  const fetches = covering.heapFetches ?? 0;
  return {
    headline: `${pages(seq)} pages without an index, ${pages(viaIndex)} with one, ${pages(covering)} if it covers`,
    text:
      `${figures} The rows of one customer are spread over the table, so the plain index still needs a page for almost ` +
      `each of them. The covering index ${fetches === 0 ? 'did not read the table' : `looked up ${count(fetches, 'row')} in the table, because their pages have changed since the last vacuum`}.`,
  };
}
