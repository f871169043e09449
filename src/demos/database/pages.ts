import type { ClientBase } from 'pg';
import { z } from 'zod';
import { count, ms } from '../kit/answer/units.ts';
import { demoRoute, oneOf, wholeNumber, type Lesson } from '../kit/demo.ts';
import { toMicroseconds } from '../kit/measure/timeline.ts';
import { withRunTable } from './run-table.ts';
import { ORDERS } from '../kit/database/seed.ts';

const ROWS = 200;
const PAGE = 20;
/** Rows that others add or delete after each page. */
const CHANGED = 5;
/** More than the pages of all rows: a reader ends after them, whatever others insert. */
const MAX_PAGES = 30;
/** How many rows are before the deep page. */
const DEPTH = ORDERS - 2 * PAGE;

const wayResult = z.strictObject({
  pages: z.number(),
  seenTwice: z.number().describe('Rows on more than one page'),
  missed: z.number().describe('Rows that were there all the time and are on no page'),
  deepPageMs: z.number().describe(`EXPLAIN ANALYZE of a page after ${DEPTH} rows of a larger table`),
  deepPageBuffers: z.number().describe('Blocks of 8 kB that the server read for it'),
});
type WayResult = z.infer<typeof wayResult>;

const resultSchema = z.strictObject({
  others: z.string(),
  offset: wayResult.describe('limit … offset …'),
  keyset: wayResult.describe('where id < the last id of the page before'),
});
type Result = z.infer<typeof resultSchema>;

interface Page {
  /** How many rows were on the pages before. */
  readonly offset: number;
  /** The last id of the page before. */
  readonly last: number;
}

const ways = {
  offset: {
    page: (table: string, { offset }: Page) =>
      `select id from ${table} order by id desc limit ${PAGE} offset ${offset}`,
  },
  keyset: {
    page: (table: string, { last }: Page) =>
      `select id from ${table} where id < ${last} order by id desc limit ${PAGE}`,
  },
};

export const pages = demoRoute({
  method: 'get',
  path: '/pages',
  title: 'Page with a key',
  summary: 'Reads all pages of a list while others change it, by offset and by the last key.',
  teaches:
    'An offset counts rows that move, and the server reads all rows before the page. A key stays where it is.',
  query: z.object({
    others: oneOf('What others do after each page', ['insert', 'delete']),
    changed: wholeNumber('How many rows they change', { min: 0, max: 15, default: CHANGED }),
  }),
  result: resultSchema,
  examples: [
    { title: 'While others insert', query: { others: 'insert', as: 'text' } },
    { title: 'While others delete', query: { others: 'delete', as: 'text' } },
  ],
  contrasts: ['database/pages?others=insert', 'database/pages?others=delete'],
  run({ query: { others, changed }, resources, signal, timeline }) {
    const create = (table: string) => `create unlogged table ${table} (id integer primary key)`;
    return withRunTable(resources, { create, clients: 2, signal }, async (table, reader, writer) => {
      const measure = async (way: 'offset' | 'keyset'): Promise<WayResult> => {
        await writer.query(`truncate ${table}`);
        await writer.query(`insert into ${table} select generate_series(1, ${ROWS})`);
        const read = await timeline.record(way, 'all pages', () =>
          readAll({ way, table, reader, writer, others, changed, signal }),
        );
        const deep = await explain(
          reader,
          ways[way].page('indexed_orders', { offset: DEPTH, last: ORDERS - DEPTH + 1 }),
        );
        return { ...read, deepPageMs: toMicroseconds(deep.ms), deepPageBuffers: deep.buffers };
      };
      const result = { others, offset: await measure('offset'), keyset: await measure('keyset') };
      return { result, lesson: conclude(result, changed) };
    });
  },
});

interface Reading {
  readonly way: 'offset' | 'keyset';
  readonly table: string;
  readonly reader: ClientBase;
  readonly writer: ClientBase;
  readonly others: 'insert' | 'delete';
  readonly changed: number;
  readonly signal: AbortSignal;
}

/** Reads page after page, newest rows first; others change the newest rows after each page. */
async function readAll(reading: Reading): Promise<Pick<WayResult, 'pages' | 'seenTwice' | 'missed'>> {
  const { way, table, reader, writer, others, changed, signal } = reading;
  const seen = new Map<number, number>();
  let page: Page = { offset: 0, last: ROWS + 1 };
  let read = 0;
  while (read < MAX_PAGES) {
    signal.throwIfAborted();
    const { rows } = await reader.query<{ id: number }>(ways[way].page(table, page));
    read += 1;
    for (const { id } of rows) seen.set(id, (seen.get(id) ?? 0) + 1);
    if (rows.length < PAGE) break;
    page = { offset: page.offset + rows.length, last: rows.at(-1)?.id ?? 0 };
    await writer.query(
      others === 'insert'
        ? `insert into ${table} select m + n from (select max(id) as m from ${table}), generate_series(1, ${changed}) as n`
        : `delete from ${table} where id in (select id from ${table} order by id desc limit ${changed})`,
    );
  }
  const { rows } = await reader.query<{ id: number }>(`select id from ${table} where id <= ${ROWS}`);
  return {
    pages: read,
    seenTwice: [...seen.values()].filter((times) => times > 1).length,
    missed: rows.filter(({ id }) => !seen.has(id)).length,
  };
}

interface Plan {
  readonly 'Execution Time': number;
  readonly Plan: { readonly 'Shared Hit Blocks': number; readonly 'Shared Read Blocks': number };
}

async function explain(client: ClientBase, text: string): Promise<{ ms: number; buffers: number }> {
  const { rows } = await client.query<{ 'QUERY PLAN': readonly [Plan] }>(
    `explain (analyze, buffers, format json) ${text}`,
  );
  const plan = rows[0]?.['QUERY PLAN'][0];
  if (plan === undefined) throw new Error('EXPLAIN returned no plan');
  return {
    ms: plan['Execution Time'],
    buffers: plan.Plan['Shared Hit Blocks'] + plan.Plan['Shared Read Blocks'],
  };
}

function conclude({ others, offset, keyset }: Result, changed: number): Lesson {
  const changes =
    changed === 0
      ? 'While nothing changed'
      : `While others ${others === 'insert' ? 'inserted' : 'deleted'} rows`;
  const wrong = (way: WayResult) => way.seenTwice + way.missed;
  const figures =
    `${changes}, paging by offset ${describe(offset)}; paging by key ` +
    `${describe(keyset)}. A page after ${DEPTH.toLocaleString('en')} rows read ${count(offset.deepPageBuffers, 'block')} in ` +
    `${ms(offset.deepPageMs)} by offset, and ${count(keyset.deepPageBuffers, 'block')} in ${ms(keyset.deepPageMs)} by key.`;
  if (wrong(offset) <= wrong(keyset))
    return {
      headline: 'Offset pages lost and repeated no more rows than keyset pages',
      text: `${figures} An offset is right only as long as the rows before it do not change.`,
    };
  return {
    headline: `Offset pages repeated ${count(offset.seenTwice, 'row')} and missed ${offset.missed}`,
    text: `${figures} An offset counts from a start that moves. A key needs an index and a unique order, and has no page numbers.`,
  };
}

function describe({ seenTwice, missed }: WayResult): string {
  return `showed ${count(seenTwice, 'row')} twice and missed ${missed}`;
}
