import { z } from 'zod';
import { originOf } from '../../manifest/index-page.ts';
import { quote } from '../../manifest/shell-quote.ts';
import { count } from '../kit/answer/units.ts';
import { demoRoute, type Lesson } from '../kit/demo.ts';
import { eventLoopMyths } from './event-loop-myths.ts';
import { memoryMyths } from './memory-myths.ts';
import { verdicts, type Myth } from './myth.ts';
import { processMyths } from './process-myths.ts';

export const myths: readonly Myth[] = [...memoryMyths, ...eventLoopMyths, ...processMyths];

const row = z.strictObject({
  sentence: z.string(),
  verdict: z.enum(verdicts).describe('Of this run, on this machine'),
  measured: z.string(),
  command: z.string().describe('Runs the demo that tests the sentence'),
});
type Row = z.infer<typeof row>;

export const verdictsRoute = demoRoute({
  method: 'get',
  path: '/verdicts',
  title: 'Test twelve sentences',
  summary: 'Tests twelve sentences that everybody has read, each by a small measurement in this worker.',
  teaches:
    'A sentence about a runtime was measured on one version, on one machine, for one load. Measure it on yours before you ' +
    'build on it. `GET /demos?myths` leads here.',
  alone: true,
  result: z.strictObject({ myths: z.array(row) }),
  examples: [{ title: 'All sentences', query: { as: 'text' } }],
  contrasts: myths.map(({ demo }) => demo),
  async run({ req, resources, signal, timeline }) {
    const rows: Row[] = [];
    for (const { sentence, demo, test } of myths) {
      signal.throwIfAborted();
      const finding = await timeline.record(demo.split('?')[0] ?? demo, 'test', () =>
        test({ resources, signal }),
      );
      const url = `${originOf(req)}/demos/${demo}${demo.includes('?') ? '&' : '?'}as=text`;
      rows.push({ sentence, ...finding, command: `curl -s ${quote(url)}` });
    }
    return { result: { myths: rows }, lesson: conclude(rows) };
  },
});

export function conclude(rows: readonly Row[]): Lesson {
  const of = (verdict: Row['verdict']) => rows.filter((each) => each.verdict === verdict);
  const [wrong, right, heavy] = verdicts.map((verdict) => of(verdict));
  const held = (right ?? []).map(({ sentence }) => `"${sentence}"`).join(', ');
  return {
    headline: `${wrong?.length ?? 0} of ${rows.length} sentences did not hold in this run`,
    text:
      `A small measurement refuted each of them. ${held === '' ? 'No sentence held.' : `This run does not refute ${held}.`} ` +
      `${count(heavy?.length ?? 0, 'sentence needs', 'sentences need')} a longer run: the command in its row.`,
  };
}
