import { sources } from '../../../src/practices/list.ts';
import { statuses, type Practice } from '../../../src/practices/practice.ts';
import { countByStatus, practiceCurl } from '../../../src/practices/practices.ts';
import { DEFAULT_ORIGIN } from '../../../src/manifest/curl.ts';
import { anchorOf } from './anchor.ts';
import { table } from './table.ts';

/** The index of practices: the counts, then a table for each source. */
export function renderPractices(): string {
  const names = Object.keys(statuses);
  const counts = (practices: readonly Practice[]) => [
    String(practices.length),
    ...Object.values(countByStatus(practices)).map(String),
  ];
  const all = sources.flatMap(({ practices }) => practices);
  return [
    Object.entries(statuses)
      .map(([name, meaning]) => `- **${name}**: ${meaning}`)
      .join('\n'),
    table(
      ['source', 'practices', ...names],
      [
        ...sources.map(({ title, practices }) => [`[${title}](#${anchorOf(title)})`, ...counts(practices)]),
        ['total', ...counts(all)],
      ],
    ),
    ...sources.flatMap(({ title, url, version, practices }) => [
      `## ${title}`,
      `<${url}>, version of ${version}.`,
      table(
        ['#', 'practice', 'status', 'missing, or why not', 'files', 'proofs', 'try'],
        practices.map(cells),
      ),
    ]),
  ].join('\n\n');
}

function cells(row: Practice): string[] {
  const code = (texts: readonly string[] = []) => texts.map((text) => `\`${text}\``).join(', ');
  const curl = practiceCurl(row, DEFAULT_ORIGIN);
  return [
    row.id,
    row.title,
    row.status,
    'reason' in row ? row.reason : '',
    code('files' in row ? row.files : []),
    code('proofs' in row ? row.proofs : []),
    code(curl === undefined ? [] : [curl]),
  ];
}
