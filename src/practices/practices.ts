import { z } from 'zod';
import { originOf } from '../manifest/index-page.ts';
import { quote } from '../manifest/shell-quote.ts';
import type { CreatedFeatures } from '../routes/feature.ts';
import { defineRoute } from '../routes/route.ts';
import { formatParameter, requestedFormat } from '../shared/format.ts';
import { wrap } from '../shared/text-table.ts';
import { sources } from './list.ts';
import { practice, statuses, type Practice, type Source } from './practice.ts';

const WIDTH = 80;

const statusNames = Object.keys(statuses) as Practice['status'][];

const sourceIds = sources.map(({ id }) => id);

const query = z.strictObject({
  source: z
    .enum(sourceIds, { error: `must be one of ${sourceIds.join(', ')}` })
    .optional()
    .describe('Only practices of this source.'),
  status: z
    .enum(statusNames, { error: `must be one of ${statusNames.join(', ')}` })
    .optional()
    .describe('Only practices with this status.'),
  id: z.string().max(100).optional().describe('Only these practices: their ids, separated by commas.'),
  as: formatParameter,
});

const response = z.strictObject({
  total: z.int().describe('The number of listed practices.'),
  counts: z.record(z.enum(statusNames), z.int()).describe('The number of listed practices by status.'),
  sources: z.array(
    z.strictObject({
      id: z.string(),
      title: z.string(),
      url: z.url(),
      version: z.string().describe('The date of the version that was read.'),
      practices: z.array(practice),
    }),
  ),
});

/** `GET /practices`: which practices of published lists this repository shows, and what proves it. */
const list = defineRoute({
  method: 'get',
  path: '',
  title: 'List the practices',
  summary: 'Lists practices of published lists, each with its status, files, proofs and a request to try.',
  query,
  response: { mediaType: 'text/plain', description: 'The same for a terminal' },
  json: response,
  produces: ['application/json', 'text/plain'],
  examples: [
    { title: 'What is not shown yet', query: { status: 'not-yet', as: 'text' } },
    { title: 'One list', query: { source: 'twelve-factor', as: 'text' } },
    { title: 'Two practices', query: { id: '2.6,6.4' } },
  ],
  handler({ query: { source, status, id }, req, res }) {
    const ids = id?.split(',');
    const listed = sources
      .filter((one) => source === undefined || one.id === source)
      .map((one) => ({
        ...one,
        practices: one.practices.filter(
          (row) => (status === undefined || row.status === status) && (ids?.includes(row.id) ?? true),
        ),
      }))
      .filter(({ practices }) => practices.length > 0);
    if (requestedFormat(req) === 'text') {
      res.type('text').send(renderText(listed, originOf(req)));
      return;
    }
    const all = listed.flatMap(({ practices }) => practices);
    res.json({ total: all.length, counts: countByStatus(all), sources: listed } satisfies z.input<
      typeof response
    >);
  },
});

/** The number of practices by status. */
export function countByStatus(practices: readonly Practice[]): Record<Practice['status'], number> {
  const counts = statusNames.map((name) => [name, practices.filter(({ status }) => status === name).length]);
  return Object.fromEntries(counts) as Record<Practice['status'], number>;
}

/** The curl command of a practice, or undefined if no request shows it. */
export function practiceCurl({ route }: Practice, host: string): string | undefined {
  const [, post = '', port = '', path = ''] = /^(POST )?(:\d+)?(\/.*)$/.exec(route ?? '') ?? [];
  if (path === '') return undefined;
  const origin = port === '' ? host : host.replace(/:\d+$/, '') + port;
  return `curl -s ${post === '' ? '' : '-X POST '}${quote(origin + path)}`;
}

function renderText(listed: readonly Source[], host: string): string {
  const all = listed.flatMap(({ practices }) => practices);
  const counts = Object.entries(countByStatus(all)).map(([status, count]) => `${count} ${status}`);
  const blocks = listed.map(({ title, url, practices }) =>
    [title.toUpperCase(), url, ...practices.flatMap((row) => ['', ...describe(row, host)])].join('\n'),
  );
  return `${[`${all.length} practices: ${counts.join(', ')}`, ...blocks].join('\n\n')}\n`;
}

function describe(row: Practice, host: string): string[] {
  const files = 'files' in row ? row.files : [];
  const proofs = 'proofs' in row ? (row.proofs ?? []) : [];
  const lines = [
    ...('reason' in row ? wrap(row.reason, WIDTH - 8) : []),
    ...(files.length > 0 ? wrap(`files: ${files.join(', ')}`, WIDTH - 8) : []),
    ...(proofs.length > 0 ? wrap(`proofs: ${proofs.join(', ')}`, WIDTH - 8) : []),
  ].map((line) => `        ${line}`);
  const curl = practiceCurl(row, host);
  return [
    ...wrap(`${row.id.padEnd(5)} ${row.title} [${row.status}]`, WIDTH - 2).map((line) => `  ${line}`),
    ...lines,
    ...(curl === undefined ? [] : [`        $ ${curl}`]),
  ];
}

/** Creates the index of practices. */
export function create(): CreatedFeatures {
  return {
    features: [
      {
        id: 'practices',
        base: '/practices',
        title: 'Practices',
        summary: 'The index of published practices: what shows each of them here, and what proves it.',
        guard: 'public',
        routes: [list],
      },
    ],
  };
}
