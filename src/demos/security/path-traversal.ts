import { mkdir, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { isAbsolute, join, relative, resolve, sep } from 'node:path';
import { z } from 'zod';
import { count } from '../kit/answer/units.ts';
import { demoRoute, type Lesson } from '../kit/demo.ts';

/** What may be read, and what may not. */
const PUBLIC = 'the public file';
const SECRET = 'the secret file';

/** As they are in the path of a URL. `ROOT` stands for the folder of the run. */
const names: readonly { readonly name: string; readonly genuine?: true }[] = [
  { name: 'file.txt', genuine: true },
  { name: 'a%20folder/file.txt', genuine: true },
  { name: 'a%20folder/../file.txt', genuine: true },
  { name: '../secret.txt' },
  { name: '..%2fsecret.txt' },
  { name: '%2e%2e/secret.txt' },
  { name: 'a%20folder/../../secret.txt' },
  { name: '....//secret.txt' },
  { name: 'ROOT/secret.txt' },
  { name: '../files-of-others/secret.txt' },
  { name: 'link/secret.txt' },
  { name: '../secret.txt%00.png' },
  { name: '%2e%2e%5csecret.txt' },
];

/** @returns the path to read @throws if the name is refused */
type Locate = (folder: string, name: string) => Promise<string> | string;

function inside(folder: string, path: string): string {
  const way = relative(folder, path);
  if (way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way)) throw new Error('outside');
  return path;
}

/** The wrong ways first. */
const ways: readonly { readonly way: string; readonly locate: Locate }[] = [
  { way: 'join', locate: join },
  { way: 'resolve', locate: resolve },
  { way: 'join, ../ removed', locate: (folder, name) => join(folder, name.replaceAll('../', '')) },
  {
    way: 'startsWith',
    locate(folder, name) {
      const path = join(folder, name);
      if (!path.startsWith(folder)) throw new Error('outside');
      return path;
    },
  },
  { way: 'relative', locate: (folder, name) => inside(folder, resolve(folder, name)) },
  {
    way: 'real path, relative',
    locate: async (folder, name) => inside(folder, await realpath(resolve(folder, name))),
  },
];

const row = z.strictObject({
  way: z.string(),
  secretsRead: z.number().describe('Names that led to a file outside of the folder'),
  genuineServed: z.number(),
});

const result = z.strictObject({
  attacks: z.number(),
  genuine: z.number(),
  ways: z.array(row),
  names: z.array(
    z.strictObject({ name: z.string(), readBy: z.array(z.string()).describe('Ways that read the secret') }),
  ),
});
type Result = z.infer<typeof result>;

export const pathTraversal = demoRoute({
  method: 'get',
  path: '/path-traversal',
  title: 'Path traversal',
  summary:
    'Requests files by names that lead out of a folder, located in six ways, and counts the secrets read.',
  teaches:
    'A name from a URL may lead out of its folder: with `..`, encoded, absolute, to a folder whose name begins alike, or ' +
    'over a link. Decode once, resolve links, and compare the result by `path.relative`; better, let a name be a key.',
  result,
  examples: [{ title: 'Which name reads the secret with which way', query: { as: 'text' } }],
  contrasts: ['security/ssrf'],
  run({ timeline, resources, signal }) {
    return resources.scratch.withPath(async (top) => {
      try {
        const folder = await createFiles(top);
        const runs = await timeline.record('all names with all ways', 'files', async () => {
          const all: Run[] = [];
          for (const { way, locate } of ways) {
            for (const { name } of names) {
              signal.throwIfAborted();
              all.push({ way, name, content: await read(folder, name.replace('ROOT', top), locate) });
            }
          }
          return all;
        });
        const observed = summarize(runs);
        return { result: observed, lesson: conclude(observed) };
      } finally {
        await rm(top, { recursive: true, force: true });
      }
    });
  },
});

/** @returns the folder that is served */
async function createFiles(top: string): Promise<string> {
  await mkdir(top, { mode: 0o700 });
  const real = await realpath(top);
  const folder = join(real, 'files');
  await mkdir(join(folder, 'a folder'), { recursive: true });
  await mkdir(join(real, 'files-of-others'));
  await writeFile(join(folder, 'file.txt'), PUBLIC);
  await writeFile(join(folder, 'a folder', 'file.txt'), PUBLIC);
  await writeFile(join(real, 'secret.txt'), SECRET);
  await writeFile(join(real, 'files-of-others', 'secret.txt'), SECRET);
  await symlink(real, join(folder, 'link'), 'junction');
  return folder;
}

interface Run {
  readonly way: string;
  readonly name: string;
  readonly content: string | undefined;
}

async function read(folder: string, name: string, locate: Locate): Promise<string | undefined> {
  try {
    return await readFile(await locate(folder, decodeURIComponent(name)), 'utf8');
  } catch {
    return undefined; // refused, or there is no such file
  }
}

function summarize(runs: readonly Run[]): Result {
  const genuine = new Set(names.filter((each) => each.genuine).map(({ name }) => name));
  return {
    attacks: names.length - genuine.size,
    genuine: genuine.size,
    ways: [...Map.groupBy(runs, ({ way }) => way)].map(([way, own]) => ({
      way,
      secretsRead: own.filter(({ content }) => content === SECRET).length,
      genuineServed: own.filter(({ name, content }) => genuine.has(name) && content === PUBLIC).length,
    })),
    names: [...Map.groupBy(runs, ({ name }) => name)].map(([name, own]) => ({
      name,
      readBy: own.filter(({ content }) => content === SECRET).map(({ way }) => way),
    })),
  };
}

function conclude({ attacks, genuine, ways: rows }: Result): Lesson {
  const right = rows.at(-1);
  const open = rows.filter(({ secretsRead }) => secretsRead > 0);
  const details = open.map(({ way, secretsRead }) => `"${way}" ${secretsRead}`);
  const lossy = rows.filter(({ genuineServed }) => genuineServed < genuine).map(({ way }) => `"${way}"`);
  return {
    headline:
      (right?.secretsRead ?? 0) > 0
        ? 'A secret was read over the real path, which should be impossible'
        : `${open.length} of ${rows.length - 1} shortcuts read the secret, the real path never`,
    text:
      `Of ${count(attacks, 'name')} that lead out of the folder, these ways read the secret: ${details.join(', ')}. ` +
      (lossy.length === 0
        ? `All ways served the ${count(genuine, 'genuine name')}.`
        : `Not all genuine names were served by ${lossy.join(', ')}.`),
  };
}
