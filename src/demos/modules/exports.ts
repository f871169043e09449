import process from 'node:process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { count } from '../kit/answer/units.ts';
import { demoRoute, type DemoCall, type Lesson } from '../kit/demo.ts';
import { readOutput, withChild } from '../kit/resources/with-child.ts';

/** What the program loads from a package, as its users write it. */
const requests = [
  "import('pkg')",
  "require('pkg')",
  "import('pkg/feature')",
  "import('pkg/lib/internal.mjs')",
  "require('pkg/package.json')",
  "import('./node_modules/pkg/lib/internal.mjs')",
] as const;
/** The file that no user should depend on. */
const INTERNAL = "import('pkg/lib/internal.mjs')";
const BY_PATH = "import('./node_modules/pkg/lib/internal.mjs')";

const exportsField = {
  '.': { import: './lib/main.mjs', require: './lib/main.cjs' },
  './feature': './lib/feature.mjs',
};

const row = z.strictObject({
  request: z.string(),
  withoutExports: z.string().describe('The file that was loaded, or the code of the error'),
  withExports: z.string(),
});
const resultSchema = z.strictObject({
  exports: z.string().describe('The field of package.json in the second case'),
  requests: z.array(row),
});
export type Result = z.infer<typeof resultSchema>;

export const exportsRoute = demoRoute({
  method: 'get',
  path: '/exports',
  title: 'Hide the internals of a package',
  summary:
    'Loads six paths of the same small package, without the `exports` field in its package.json and with it.',
  teaches:
    'Without `exports`, users may load every file of a package, and renaming one breaks them. With it, only the listed paths ' +
    'can be loaded by the name of the package, and conditions choose a file for import or require. It is a contract and ' +
    'no protection: a path to the file still works.',
  result: resultSchema,
  examples: [{ title: 'With and without exports', query: { as: 'text' } }],
  contrasts: ['modules/load?kind=esm', 'modules/load?kind=cjs'],
  async run({ signal, timeline, resources }) {
    const [without, withField] = await resources.budgets.children.use(1, signal, () =>
      resources.scratch.withPath(async (folder) => {
        const call = { signal, timeline, resources };
        try {
          return [
            await load('without exports', {}, join(folder, 'without'), call),
            await load('with exports', { exports: exportsField }, join(folder, 'with'), call),
          ] as const;
        } finally {
          await rm(folder, { recursive: true, force: true });
        }
      }),
    );
    const result: Result = {
      exports: JSON.stringify(exportsField),
      requests: requests.map((request) => ({
        request,
        withoutExports: without[request] ?? 'nothing',
        withExports: withField[request] ?? 'nothing',
      })),
    };
    return { result, lesson: conclude(result) };
  },
});

/** Runs a program next to a package. @returns what each request loaded, or its error code */
async function load(
  label: string,
  fields: Readonly<Record<string, unknown>>,
  folder: string,
  { signal, timeline, resources }: Pick<DemoCall<never, never, never>, 'signal' | 'timeline' | 'resources'>,
): Promise<Readonly<Record<string, string>>> {
  const program = await writePackage(folder, fields);
  return timeline.record(label, 'child', () =>
    withChild(resources.children.start(process.execPath, { args: [program], signal }), async (child) => {
      const output = await readOutput(child);
      signal.throwIfAborted();
      return JSON.parse(output) as Record<string, string>;
    }),
  );
}

/** Writes a package whose modules export the name of their file, and a program that loads it. */
async function writePackage(folder: string, fields: Readonly<Record<string, unknown>>): Promise<string> {
  const lib = join(folder, 'node_modules', 'pkg', 'lib');
  await mkdir(lib, { recursive: true, mode: 0o700 });
  const program = join(folder, 'program.mjs');
  const manifest = { name: 'pkg', version: '1.0.0', file: 'package.json', main: './lib/main.cjs', ...fields };
  await Promise.all([
    writeFile(join(lib, '..', 'package.json'), JSON.stringify(manifest)),
    writeFile(join(lib, 'main.cjs'), "exports.file = 'lib/main.cjs';"),
    ...['main', 'feature', 'internal'].map((name) =>
      writeFile(join(lib, `${name}.mjs`), `export const file = 'lib/${name}.mjs';`),
    ),
    writeFile(
      program,
      [
        "import { createRequire } from 'node:module';",
        'const require = createRequire(import.meta.url);',
        'const found = {};',
        ...requests.map(
          (request) =>
            `try { found[${JSON.stringify(request)}] = (await ${request}).file; } ` +
            `catch (error) { found[${JSON.stringify(request)}] = error.code; }`,
        ),
        'console.log(JSON.stringify(found));',
      ].join('\n'),
    ),
  ]);
  return program;
}

export function conclude({ requests: rows }: Result): Lesson {
  const find = (request: string) => rows.find((each) => each.request === request);
  const [internal, byPath] = [find(INTERNAL), find(BY_PATH)];
  const refused = rows.filter(
    ({ withoutExports, withExports }) => isError(withExports) && !isError(withoutExports),
  );
  const chosen = rows.filter(
    ({ withoutExports, withExports }) => !isError(withExports) && withExports !== withoutExports,
  );
  const path = isError(byPath?.withExports ?? '')
    ? ' Not even a path to the file loaded it.'
    : ' A path to the same file loaded it nevertheless.';
  const choice = chosen
    .map(({ request, withExports, withoutExports }) =>
      isError(withoutExports)
        ? ` ${request} loaded ${withExports}, and nothing without it.`
        : ` ${request} loaded ${withExports} instead of ${withoutExports}.`,
    )
    .join('');
  if (internal === undefined || isError(internal.withoutExports) || !isError(internal.withExports)) {
    return {
      headline: 'This run does not tell: exports hid no internal file',
      text: `It loaded ${internal?.withoutExports ?? 'nothing'} without the field and ${internal?.withExports ?? 'nothing'} with it.`,
    };
  }
  return {
    headline: `exports refused ${count(refused.length, 'path')} that loaded without it`,
    text: `The internal file: ${internal.withExports}.${path}${choice}`,
  };
}

function isError(loaded: string): boolean {
  return /^ERR_|^MODULE_NOT_FOUND$|^nothing$/.test(loaded);
}
