/** What of this repository makes up a service of one's own: the rules, and nothing that does anything. */

/** Folders and files that only this repository needs. */
const leftOut = [
  '.ci/',
  'README.md',
  'src/demos/',
  'src/web/',
  'test/bench/',
  'test/browser/',
  'test/demos/',
  'test/load/',
  'test/slow/new.test.ts',
  'test/template/',
  'test/web/',
];

/** Pages that are written for the copy, by where they go. */
export const pages: Readonly<Record<string, string>> = {
  'README.md': 'test/template/README.md',
  'MAKE-IT-YOURS.md': 'test/template/MAKE-IT-YOURS.md',
};

/** A line that ends with this comment is for this repository alone. */
const mark = /^.*(?:\/\/|#) not in a copy(?::.*)?\n/gm;

export type Texts = ReadonlyMap<string, string>;

/** @returns the files that make up the service, by path, each without its marked lines */
export function selectFiles(tracked: Texts): Map<string, string> {
  const kept = new Map<string, string>();
  for (const [path, text] of tracked) {
    if (!leftOut.some((start) => path.startsWith(start))) kept.set(path, text.replace(mark, ''));
  }
  // A test that uses what is gone goes as well, and then what only it has used.
  const uses = new Map([...kept].map(([path, text]) => [path, namedFiles(path, text, tracked)]));
  const isLost = (path: string, text: string) =>
    path.startsWith('test/') &&
    (text.includes('/demos/') ||
      uses.get(path)?.some((used) => !kept.has(used) && !(used in pages)) === true);
  while (dropOne(kept, isLost));
  const manifest = kept.get('package.json');
  if (manifest !== undefined) kept.set('package.json', pruneScripts(manifest, kept));
  const names = new Map([...kept].map(([path, text]) => [path, namedFiles(path, text, kept)]));
  while (dropOne(kept, (path) => isCode(path) && !isNamed(path, kept, names)));
  return kept;
}

/** @returns whether there was one */
function dropOne(kept: Map<string, string>, isWrong: (path: string, text: string) => boolean): boolean {
  for (const [path, text] of kept) if (isWrong(path, text)) return kept.delete(path);
  return false;
}

/** Files that must be named by another to be of use; a test is found by its name. */
function isCode(path: string): boolean {
  return /^(src|test)\//.test(path) && !path.endsWith('.test.ts');
}

function isNamed(path: string, kept: Texts, names: ReadonlyMap<string, readonly string[]>): boolean {
  return [...kept.keys()].some((from) => from !== path && names.get(from)?.includes(path));
}

/** The files of `among` that a text names, in an import, a script or a path. */
export function namedFiles(path: string, text: string, among: Texts): string[] {
  const folder = path.split('/').slice(0, -1);
  return (text.match(/[\w./-]+\.\w+/g) ?? [])
    .map((word) => (word.startsWith('.') ? resolve(folder, word) : word.replace(/^\/+/, '')))
    .filter((named) => among.has(named));
}

function resolve(folder: readonly string[], word: string): string {
  const parts = [...folder];
  for (const part of word.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.') parts.push(part);
  }
  return parts.join('/');
}

interface Manifest {
  scripts: Record<string, string>;
  [field: string]: unknown;
}

/** Scripts whose program or tests are not there. */
function pruneScripts(text: string, kept: Texts): string {
  const manifest = JSON.parse(text) as Manifest;
  const scripts = Object.entries(manifest.scripts).filter(([, script]) => {
    const paths = script.match(/(?<![\w/])(src|test)\/[\w./-]+/g) ?? [];
    return paths.every((path) => exists(path, kept));
  });
  manifest.scripts = Object.fromEntries(scripts);
  return toJson(manifest);
}

/** Whether there is this file, or anything in this folder. */
function exists(path: string, kept: Texts): boolean {
  const folder = path.replace(/\/?$/, '/');
  return kept.has(path) || [...kept.keys()].some((file) => file.startsWith(folder));
}

/** Without the paths of settings that lead nowhere now. */
export function pruneSettings(kept: Texts, text: string): string {
  return toJson(
    JSON.parse(text, (_key, value: unknown) => {
      if (!Array.isArray(value)) return value;
      const entries = value.filter((entry) => {
        const [, path] = /^(?:<rootDir>\/)?((?:src|test)\/[\w/-]+)$/.exec(String(entry)) ?? [];
        return path === undefined || exists(path, kept);
      });
      return value.length > 0 && entries.length === 0 ? undefined : entries;
    }),
  );
}

/** Whether a package is of use to this code. */
export function isUsed(name: string, kept: Texts): boolean {
  const typed = name.replace(/^@types\//, '');
  return [...kept].some(([path, text]) =>
    /\.([cm]?[jt]s)$/.test(path)
      ? [`'${typed}'`, `'${typed}/`, ...(typed === 'node' ? ["'node:"] : [])].some((use) =>
          text.includes(use),
        )
      : path === 'package.json' && text.includes(`node_modules/${typed}/`),
  );
}

export function toJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
