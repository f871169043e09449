/** What of this repository makes up a service of one's own: the rules, and nothing that does anything. */

/** Folders and files that only this repository needs. */
const leftOut = [
  '.ci/',
  '.github/control-room.png',
  '.github/workflows/browser.yml',
  'README.md',
  'docs/',
  'src/demos/',
  'src/web/',
  'test/bench/',
  'test/browser/',
  'test/contract/dangerous-examples.test.ts',
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

/** A line that ends with this comment is for this repository alone; or those that follow it, if it says so. */
const marks = [
  /^ *(?:\/\/|#) not in a copy, down to the next empty line\n(?:.+\n)*\n?/gm,
  /^.*(?:\/\/|#) not in a copy(?::.*)?\n/gm,
];

export type Texts = ReadonlyMap<string, string>;

/** @returns the files that make up the service, by path, each without its marked lines */
export function selectFiles(tracked: Texts): Map<string, string> {
  const kept = new Map<string, string>();
  for (const [path, text] of tracked) {
    if (!leftOut.some((start) => path.startsWith(start))) kept.set(path, unmarked(text));
  }
  const isOutside = (path: string) => !/^(src|test)\//.test(path);
  // Of the program, what it reaches from where it starts: what only tests use is of no use.
  keepReached(kept, 'src/', isOutside);
  // A test that uses what is gone goes as well, and then what only it has used.
  const uses = new Map([...kept].map(([path, text]) => [path, namedFiles(path, text, tracked)]));
  const isLost = (path: string, text: string) =>
    path.startsWith('test/') &&
    (text.includes('/demos/') ||
      uses.get(path)?.some((used) => !kept.has(used) && !(used in pages)) === true);
  while (dropOne(kept, isLost));
  const manifest = kept.get('package.json');
  if (manifest !== undefined) kept.set('package.json', pruneSettings(kept, pruneScripts(manifest, kept)));
  keepReached(kept, 'test/', (path) => isOutside(path) || path.endsWith('.test.ts'));
  return kept;
}

/** Drops those of a folder that no file leads to which is where to start. */
function keepReached(kept: Map<string, string>, folder: string, isStart: (path: string) => boolean): void {
  const reached = new Set([...kept.keys()].filter(isStart));
  for (const path of reached) {
    for (const named of namedFiles(path, kept.get(path) ?? '', kept)) reached.add(named);
  }
  for (const path of kept.keys()) if (path.startsWith(folder) && !reached.has(path)) kept.delete(path);
}

function unmarked(text: string): string {
  return marks.reduce((rest, mark) => rest.replace(mark, ''), text).replace(/\n+$/, '\n');
}

/** @returns whether there was one */
function dropOne(kept: Map<string, string>, isWrong: (path: string, text: string) => boolean): boolean {
  for (const [path, text] of kept) if (isWrong(path, text)) return kept.delete(path);
  return false;
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
    const paths = [...script.matchAll(/(?<![\w./-])(?:\*\*\/)?((?:src|test)\/[\w./-]+)/g)];
    return paths.every(([, path = '']) => exists(path, kept));
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
