import { performance } from 'node:perf_hooks';
import { z } from 'zod';
import { rawEnvironment } from '../../config/environment.ts';
import { count, times } from '../kit/answer/units.ts';
import { demoRoute } from '../kit/demo.ts';
import { readOutput, withChild } from '../kit/resources/with-child.ts';

const program = new URL('./env-report-child.ts', import.meta.url);

/** Variables with harmless values. A list of secrets to hide would never be complete. */
const ALLOWED = [
  'NODE_ENV',
  'TZ',
  'LANG',
  'UV_THREADPOOL_SIZE',
  'WORKERS',
  'LOG_LEVEL',
  'DEMOS',
  'DANGER',
] as const;

const READS = 20_000;

const reportSchema = z.strictObject({ names: z.array(z.string()), numberBecame: z.string() });

export const env = demoRoute({
  method: 'get',
  path: '/env',
  title: 'Read environment variables',
  summary: 'Shows the variables of an allow-list, what a child receives, and what a read costs.',
  teaches:
    'The environment holds secrets: allow what may be shown instead of blocking what may not. Read and validate it once, ' +
    'at startup, and pass a child only the variables that it needs.',
  result: z.strictObject({
    variables: z.array(z.strictObject({ name: z.string(), value: z.string().nullable() })),
    withheld: z.number().describe('How many variables of this process are not shown'),
    childGets: z.array(z.string()).describe('Names in the environment of a child that was started here'),
    numberBecame: z.string().describe('The type of a number after assignment to process.env'),
    readNs: z.number().describe('One read of process.env, in nanoseconds'),
    readCopyNs: z.number().describe('One read of a plain object with the same content'),
  }),
  examples: [{ title: 'Allow-listed variables', query: { as: 'text' } }],
  contrasts: ['process/info'],
  async run({ signal, timeline, resources }) {
    const child = await resources.budgets.children.use(1, signal, () =>
      timeline.record('reads its environment', 'child', async () => {
        const output = await withChild(resources.children.startNode(program, { signal }), readOutput);
        signal.throwIfAborted();
        return reportSchema.parse(JSON.parse(output));
      }),
    );
    const environment = rawEnvironment();
    const names = Object.keys(environment);
    const result = {
      variables: ALLOWED.map((name) => ({ name, value: environment[name] ?? null })),
      withheld: names.filter((name) => !(ALLOWED as readonly string[]).includes(name)).length,
      childGets: child.names,
      numberBecame: child.numberBecame,
      readNs: costOfRead(environment),
      readCopyNs: costOfRead({ ...environment }),
    };
    const ratio = result.readNs / Math.max(0.1, result.readCopyNs);
    const read =
      ratio > 1.5
        ? `A read of process.env took ${times(ratio)} as long as one of a plain object, because each read calls getenv.`
        : 'In this run a read of process.env took hardly longer than one of a plain object.';
    const received =
      child.names.length < names.length ? `only ${child.names.length}` : `${child.names.length}, not fewer`;
    return {
      result,
      lesson: {
        headline: `${count(result.withheld, 'variable is', 'variables are')} withheld, a child receives ${child.names.length}`,
        text:
          `This process has ${count(names.length, 'environment variable')}; its child received ${received}. ` +
          `A number assigned to process.env became a ${child.numberBecame}. ${read}`,
      },
    };
  },
});

/** @returns nanoseconds per read in the fastest of a few rounds, which was disturbed least */
function costOfRead(source: Readonly<Record<string, string | undefined>>): number {
  const rounds = Array.from({ length: 5 }, () => {
    let found = 0;
    const startedAt = performance.now();
    for (let i = 0; i < READS; i += 1) if (source['PATH'] !== undefined) found += 1;
    const nanoseconds = ((performance.now() - startedAt) * 1e6) / READS;
    return found >= 0 ? nanoseconds : 0; // uses `found`, so that the loop is not optimized away
  });
  return Math.round(Math.min(...rounds) * 10) / 10;
}
