import { createContext, runInContext } from 'node:vm';
import { z } from 'zod';
import { demoRoute, type Demo } from '../demo.ts';
import { count } from '../evidence/words.ts';
import { nextMessage } from '../work/thread.ts';
import type { Tools } from '../work/tools.ts';

const typeRow = z.strictObject({
  value: z.string(),
  typeOf: z.string().describe('What typeof says'),
  kind: z.enum(['primitive', 'object']),
  changeSeenThroughCopy: z
    .boolean()
    .describe('Whether a property that is set through a second variable is seen through the first'),
  equalToTwin: z.boolean().describe('Whether === finds it equal to another made the same way'),
});

const typesResult = z.strictObject({
  primitives: z.number(),
  objects: z.number(),
  surprises: z.array(z.strictObject({ expression: z.string(), value: z.string() })),
  types: z.array(typeRow),
});

const globalsResult = z.strictObject({
  language: z.number().describe('Names of JavaScript itself, found in an empty context of V8'),
  node: z
    .number()
    .describe('Names that are not of the language: all but a few of them Node.js adds, the others V8'),
  webStandard: z.array(z.string()).describe('Of those, names that browsers have as well'),
  nodeOnly: z.array(z.string()),
  addedByPackages: z
    .array(z.string())
    .describe('Names that are global here and not in a thread that has loaded nothing'),
  languageNames: z.array(z.string()),
  moduleScope: z.array(z.strictObject({ name: z.string(), typeOf: z.string(), instead: z.string() })),
});

/** Makes a value anew each time, so that twins can be compared. */
const makers: readonly (readonly [string, () => unknown])[] = [
  ['undefined', () => undefined],
  ['null', () => null],
  ['true', () => true],
  ['42', () => 42],
  ['NaN', () => NaN],
  ['42n', () => 42n],
  ["'text'", () => 'text'],
  ['Symbol()', () => Symbol('own')],
  ['{}', () => ({})],
  ['[]', () => []],
  ['() => {}', () => () => undefined],
  ['new Date(0)', () => new Date(0)],
  ['/x/', () => /x/],
  ['new Map()', () => new Map()],
  ['Buffer.alloc(1)', () => Buffer.alloc(1)],
  ['Promise.resolve()', () => Promise.resolve()],
  ["new String('text')", () => Object('text') as unknown],
];

/** What surprises at first; the answer is computed, not remembered. */
const surprises: Readonly<Record<string, () => unknown>> = {
  'typeof null': () => typeof null,
  '0.1 + 0.2': () => 0.1 + 0.2,
  '2 ** 53 === 2 ** 53 + 1': () => 2 ** 53 === 2 ** 53 + 1,
  '2n ** 53n === 2n ** 53n + 1n': () => 2n ** 53n === 2n ** 53n + 1n,
  "'👍'.length": () => '👍'.length,
  "Buffer.byteLength('👍')": () => Buffer.byteLength('👍'),
  '[10, 9, 1].sort()': () => [10, 9, 1].sort().join(),
};

/** What CommonJS gave to every module, and what an ES module uses in its place. */
const moduleNames = [
  ['require', 'import, or createRequire(import.meta.url)'],
  ['module', 'export'],
  ['exports', 'export'],
  ['__filename', 'import.meta.filename'],
  ['__dirname', 'import.meta.dirname'],
] as const;

/** Names of the Node.js globals that are its own; the other ones come from web standards. */
const nodeOwn = new Set(['Buffer', 'process', 'global', 'setImmediate', 'clearImmediate']);

/** V8 brings these to every context, and they are no part of the language: web standards define them. */
const engineOwn = new Set(['console', 'WebAssembly']);

export const language = {
  id: 'language',
  title: 'The language',
  summary: 'Types of JavaScript and what is global in Node.js, asked of the running engine.',
  teaches:
    'Primitives are copied and compared by value, objects by identity. Node.js adds a small number of globals to those of ' +
    'the language, most of them the same as in a browser.',
  lookFor: 'changeSeenThroughCopy and equalToTwin: what a copy and a comparison mean for each type.',
  practices: [],
  routes: [
    demoRoute({
      method: 'get',
      path: '/types',
      summary: 'Primitive and object types: what typeof says, what a copy is, and what === compares.',
      teaches:
        'A copy of a primitive is another value; a copy of an object is another name for the same one.',
      result: typesResult,
      examples: [{ title: 'All types', query: { as: 'text' } }],
      contrasts: ['language/globals'],
      run() {
        const types = makers.map(([value, make]) => examine(value, make));
        const result = {
          primitives: types.filter(({ kind }) => kind === 'primitive').length,
          objects: types.filter(({ kind }) => kind === 'object').length,
          surprises: Object.entries(surprises).map(([expression, compute]) => ({
            expression,
            value: String(compute()),
          })),
          types,
        };
        return { result, lesson: concludeTypes(result) };
      },
    }),
    demoRoute({
      method: 'get',
      path: '/globals',
      summary: 'What is global here: by the language, by Node.js, and what only looks as if it were.',
      teaches: 'require and __dirname were never global: they belong to CommonJS modules.',
      result: globalsResult,
      examples: [{ title: 'All globals', query: { as: 'text' } }],
      contrasts: ['language/types'],
      async run({ signal, tools }) {
        // gc is there only where V8 was told to expose it, as some demos do.
        const languageNames = namesOf(runInContext('globalThis', createContext({})) as object).filter(
          (name) => name !== 'gc' && !engineOwn.has(name),
        );
        const clean = await globalsOfCleanThread(tools, signal);
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
            typeOf: name in globalThis ? typeof (globalThis as Record<string, unknown>)[name] : 'undefined',
            instead,
          })),
        };
        return { result, lesson: concludeGlobals(result) };
      },
    }),
  ],
} satisfies Demo;

function examine(value: string, make: () => unknown): z.infer<typeof typeRow> {
  const one = make();
  // Object() gives an object back as it is, and wraps a primitive into a new one each time.
  const kind = Object(one) === one ? ('object' as const) : ('primitive' as const);
  return {
    value,
    typeOf: typeof one,
    kind,
    changeSeenThroughCopy: isChangedThroughCopy(one),
    equalToTwin: one === make(),
  };
}

function isChangedThroughCopy(original: unknown): boolean {
  const copy = original;
  try {
    (copy as { mark?: boolean }).mark = true; // modules are strict: this throws for primitives
    return (original as { mark?: boolean }).mark === true;
  } catch {
    return false;
  }
}

const globalNames = new URL('./global-names.ts', import.meta.url);

function globalsOfCleanThread(tools: Tools, signal: AbortSignal): Promise<string[]> {
  return tools.budgets.threads.use(1, signal, () =>
    tools.threads.run(globalNames, { signal }, async (thread) => {
      const { message } = await nextMessage<string[]>(thread);
      return message.sort();
    }),
  );
}

function namesOf(scope: object): string[] {
  return Object.getOwnPropertyNames(scope).sort();
}

function concludeTypes({ types, primitives, objects }: z.infer<typeof typesResult>): string {
  const shared = types.filter(({ changeSeenThroughCopy }) => changeSeenThroughCopy);
  const equal = types.filter(({ equalToTwin }) => equalToTwin);
  const odd = types.filter(({ kind, equalToTwin }) => kind === 'primitive' && !equalToTwin);
  const liars = types.filter(({ kind, typeOf }) => kind === 'primitive' && typeOf === 'object');
  return (
    `Of ${primitives} primitives and ${objects} objects, a change through a copy was seen for ${shared.length}, all of them ` +
    `${shared.every(({ kind }) => kind === 'object') ? 'objects' : 'not only objects'}; ${equal.length} were equal to a twin, and of the primitives only ` +
    `${odd.map(({ value }) => value).join(' and ')} were not; typeof calls ${liars.map(({ value }) => value).join(', ')} an object, which it is not.`
  );
}

function concludeGlobals(result: z.infer<typeof globalsResult>): string {
  const { language: own, node, webStandard, moduleScope, addedByPackages } = result;
  const absent = moduleScope.filter(({ typeOf }) => typeOf === 'undefined').map(({ name }) => name);
  return (
    `The language has ${count(own, 'global name')}, Node.js ${process.version} has ${node} more, of which ${webStandard.length} are standards of the web; ` +
    `${absent.length} of ${moduleScope.length} names of CommonJS modules are not global: ${absent.join(', ')}. ` +
    `${addedByPackages.length === 0 ? 'No package has' : `Packages have`} added ${addedByPackages.length === 0 ? 'any' : addedByPackages.join(', ')}.`
  );
}
