import process from 'node:process';
import { runInNewContext } from 'node:vm';
import { z } from 'zod';
import { count } from '../kit/answer/units.ts';
import { demoRoute } from '../kit/demo.ts';
import type { DemoResources } from '../kit/resources/resources.ts';
import { nextMessage } from '../kit/resources/threads.ts';

const program = new URL('./global-names-thread.ts', import.meta.url);

/** Names of the CommonJS module scope, and their replacements in ES modules. */
const moduleNames = [
  ['require', 'import, or createRequire(import.meta.url)'],
  ['module', 'export'],
  ['exports', 'export'],
  ['__filename', 'import.meta.filename'],
  ['__dirname', 'import.meta.dirname'],
] as const;

/** Globals that only Node.js has; its other globals come from web standards. */
const nodeOwn = new Set(['Buffer', 'process', 'global', 'setImmediate', 'clearImmediate']);

/** V8 adds these to every context, but web standards define them, not the language. */
const engineOwn = new Set(['console', 'WebAssembly']);

const resultSchema = z.strictObject({
  language: z.number().describe('Names of JavaScript itself, found in an empty V8 context'),
  node: z.number().describe('All other names; Node.js adds most of them, V8 the rest'),
  webStandard: z.array(z.string()).describe('Of those, the names that web standards define'),
  nodeOnly: z.array(z.string()),
  addedByPackages: z
    .array(z.string())
    .describe('Names that are global here, but not in a thread that has loaded nothing'),
  languageNames: z.array(z.string()),
  moduleScope: z.array(z.strictObject({ name: z.string(), typeOf: z.string(), instead: z.string() })),
});

export const globalsRoute = demoRoute({
  method: 'get',
  path: '/globals',
  title: 'Global names',
  summary: 'Lists the globals of the language and of Node.js, and the module names that only look global.',
  teaches:
    '`require` and `__dirname` are not global: they are parameters of the function that wraps each CommonJS module.',
  result: resultSchema,
  examples: [{ title: 'All globals', query: { as: 'text' } }],
  contrasts: ['language/types'],
  async run({ signal, resources }) {
    // `gc` exists only because some demos expose it.
    const languageNames = namesOf(runInNewContext('globalThis') as object).filter(
      (name) => name !== 'gc' && !engineOwn.has(name),
    );
    const clean = await globalsOfCleanThread(resources, signal);
    const added = clean.filter((name) => !languageNames.includes(name) && name !== 'gc');
    const result = {
      language: languageNames.length,
      node: added.length,
      webStandard: added.filter((name) => !nodeOwn.has(name)),
      nodeOnly: added.filter((name) => nodeOwn.has(name)),
      addedByPackages: namesOf(globalThis).filter(
        (name) => !languageNames.includes(name) && !clean.includes(name),
      ),
      languageNames,
      moduleScope: moduleNames.map(([name, instead]) => ({
        name,
        typeOf: typeof (globalThis as Record<string, unknown>)[name],
        instead,
      })),
    };
    return { result, lesson: conclude(result) };
  },
});

function globalsOfCleanThread(resources: DemoResources, signal: AbortSignal): Promise<string[]> {
  return resources.budgets.threads.use(1, signal, () =>
    resources.threads.run(program, { signal }, async (thread) => {
      const { message } = await nextMessage<string[]>(thread);
      return message.sort();
    }),
  );
}

function namesOf(scope: object): string[] {
  return Object.getOwnPropertyNames(scope).sort();
}

function conclude(result: z.infer<typeof resultSchema>) {
  const { language, node, webStandard, moduleScope, addedByPackages } = result;
  const absent = moduleScope.filter(({ typeOf }) => typeOf === 'undefined').map(({ name }) => name);
  return {
    headline: `Node.js has ${count(node, 'global')} beyond the language, ${webStandard.length} from web standards`,
    text:
      `The language itself has ${count(language, 'global name')} in Node.js ${process.version}. ` +
      `${absent.length} of ${moduleScope.length} CommonJS module names are not global: ${absent.join(', ')}. ` +
      (addedByPackages.length === 0
        ? 'Packages have added no globals.'
        : `Packages have added ${addedByPackages.join(', ')}.`),
  };
}
