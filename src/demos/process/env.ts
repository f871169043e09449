import { performance } from 'node:perf_hooks';
import { z } from 'zod';
import { rawEnvironment } from '../../config.ts';
import { demoRoute } from '../demo.ts';
import { count, times } from '../evidence/words.ts';
import { lendChild, readOutput } from '../work/lend-child.ts';

const program = new URL('./env-report.ts', import.meta.url);

/** What may be told: words and numbers of a known kind. A list of what may not be told is never complete. */
const allowed = [
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

const reported = z.strictObject({ names: z.array(z.string()), numberBecame: z.string() });

export const env = demoRoute({
  method: 'get',
  path: '/env',
  summary: 'The variables of an allow-list, how many are kept back, what a child gets, what a read costs.',
  teaches:
    'The environment holds secrets: what may be told is listed, not what may not. It is read and checked once, at the ' +
    'start; a child gets what it needs and not all of it.',
  result: z.strictObject({
    variables: z.array(z.strictObject({ name: z.string(), value: z.string().nullable() })),
    notTold: z.number().describe('Variables this process has beside those'),
    childGets: z.array(z.string()).describe('Names in the environment of a child that was started here'),
    numberBecame: z.string().describe('The type of a number that was put into an environment'),
    readNs: z.number().describe('One read of process.env, in nanoseconds'),
    readCopyNs: z.number().describe('One read of a plain object with the same content'),
  }),
  examples: [{ title: 'What may be told', query: { as: 'text' } }],
  contrasts: ['process/info'],
  async run({ signal, timeline, tools }) {
    const child = await tools.budgets.children.use(1, signal, () =>
      timeline.record('looks at its environment', 'child', async () => {
        const output = await lendChild(tools.children.startNode(program, { signal }), readOutput);
        signal.throwIfAborted();
        return reported.parse(JSON.parse(output));
      }),
    );
    const environment = rawEnvironment();
    const variables = allowed.map((name) => ({ name, value: environment[name] ?? null }));
    const names = Object.keys(environment);
    const result = {
      variables,
      notTold: names.filter((name) => !(allowed as readonly string[]).includes(name)).length,
      childGets: child.names,
      numberBecame: child.numberBecame,
      readNs: costOfRead(environment),
      readCopyNs: costOfRead({ ...environment }),
    };
    const ratio = result.readNs / Math.max(0.1, result.readCopyNs);
    const read =
      ratio > 1.5
        ? `a read of process.env took ${times(ratio)} that of a plain object, for it asks the system each time`
        : 'in this run a read of process.env took hardly longer than that of a plain object';
    const kept = child.names.length < names.length ? 'only' : 'no fewer than';
    return {
      result,
      lesson:
        `${count(result.notTold, 'variable is', 'variables are')} kept back; of the ${names.length} this process has, a child gets ${kept} ` +
        `${child.names.length}. A number put into an environment became a ${child.numberBecame}, and ${read}.`,
    };
  },
});

/** In nanoseconds, the best of a few rounds: the others were disturbed. */
function costOfRead(source: Readonly<Record<string, string | undefined>>): number {
  const rounds = Array.from({ length: 5 }, () => {
    let found = 0;
    const startedAt = performance.now();
    for (let i = 0; i < READS; i += 1) if (source['PATH'] !== undefined) found += 1;
    const nanoseconds = ((performance.now() - startedAt) * 1e6) / READS;
    return found >= 0 ? nanoseconds : 0; // used, so that the loop is not taken away
  });
  return Math.round(Math.min(...rounds) * 10) / 10;
}
