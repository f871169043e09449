/** Which files and lines of this repository make up a generated service. Pure functions: nothing is read or written. */

import ts from 'typescript';

/** Folders and files that a generated service does not need. */
const leftOut = [
  '.ci/',
  '.github/CONTRIBUTING.md',
  '.github/ISSUE_TEMPLATE/',
  '.github/SECURITY.md',
  '.github/control-room',
  '.github/pull_request_template.md',
  '.github/workflows/browser.yml',
  'README.md',
  'docs/',
  'src/demos/',
  'src/practices/',
  'src/web/',
  'test/bench/',
  'test/browser/',
  'test/demos/',
  'test/kubernetes/',
  'test/extremes/',
  'test/load/',
  'test/practices/',
  'test/tools/docs/telemetry.test.ts',
  'test/tools/new/',
  'test/tools/trace/',
  'test/web/',
  'test/wording.test.ts',
];

/** Pages written for the generated service, by their path there. */
export const pages: Readonly<Record<string, string>> = {
  'README.md': 'test/tools/new/README.md',
  'MAKE-IT-YOURS.md': 'test/tools/new/MAKE-IT-YOURS.md',
  'docs/telemetry.md': 'docs/telemetry.md',
};

/** Directives: the line that ends with one is omitted, or all lines up to the next blank one. A reason may follow. */
const directives = [
  /^ *(?:\/\/|#) template: omit until blank line\n(?:.+\n)*\n?/gm,
  /^.*(?:\/\/|#) template: omit(?: \(.*\))?\n/gm,
];

export type Texts = ReadonlyMap<string, string>;

/** @returns the files of the service by path, each without its omitted lines */
export function selectFiles(tracked: Texts): Map<string, string> {
  const kept = new Map<string, string>();
  for (const [path, text] of tracked) {
    if (!leftOut.some((start) => path.startsWith(start))) kept.set(path, withoutOmitted(text));
  }
  const isOutside = (path: string) => !/^(src|test)\//.test(path);
  // Of the program, what is reached from its entry point or from a tool: what only tests use is not needed.
  const isTool = (path: string) => /^test\/(faults|tools)\//.test(path) && !path.endsWith('.test.ts');
  keepReached(kept, 'src/', (path) => isOutside(path) || isTool(path) || path.endsWith('.sql'));
  // A test that uses a removed file goes, too, and then what only that test used.
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

/** Removes the files of a folder that are not reached from a starting point. */
function keepReached(kept: Map<string, string>, folder: string, isStart: (path: string) => boolean): void {
  const reached = new Set([...kept.keys()].filter(isStart));
  for (const path of reached) {
    for (const named of namedFiles(path, kept.get(path) ?? '', kept)) reached.add(named);
  }
  for (const path of kept.keys()) if (path.startsWith(folder) && !reached.has(path)) kept.delete(path);
}

function withoutOmitted(text: string): string {
  return directives.reduce((rest, directive) => rest.replace(directive, ''), text).replace(/\n+$/, '\n');
}

/** Removes one matching file. @returns whether there was one */
function dropOne(kept: Map<string, string>, isWrong: (path: string, text: string) => boolean): boolean {
  for (const [path, text] of kept) if (isWrong(path, text)) return kept.delete(path);
  return false;
}

/** The files among `among` that a text names: in an import, a script or a path, but not in a comment. */
export function namedFiles(path: string, text: string, among: Texts): string[] {
  const folder = path.split('/').slice(0, -1);
  const named = /\.[cm]?ts$/.test(path) ? readStrings(text) : [text];
  return named
    .flatMap((string) => string.match(/[\w./-]+\.\w+/g) ?? [])
    .map((word) => (word.startsWith('.') ? resolve(folder, word) : word.replace(/^\/+/, '')))
    .filter((file) => among.has(file));
}

/** The texts of all string and template literals. */
function readStrings(source: string): string[] {
  const strings: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node)) {
      strings.push(node.text);
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile('file.ts', source, ts.ScriptTarget.Latest));
  return strings;
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

/** Removes scripts whose program or tests are gone. */
function pruneScripts(text: string, kept: Texts): string {
  const manifest = JSON.parse(text) as Manifest;
  const scripts = Object.entries(manifest.scripts).filter(([, script]) => {
    const paths = [...script.matchAll(/(?<![\w./-])(?:\*\*\/)?((?:src|test)\/[\w./-]+)/g)];
    return paths.every(([, path = '']) => exists(path, kept));
  });
  manifest.scripts = Object.fromEntries(scripts);
  return toJson(manifest);
}

/** Whether the file exists, or anything in the folder. */
function exists(path: string, kept: Texts): boolean {
  const folder = path.replace(/\/?$/, '/');
  return kept.has(path) || [...kept.keys()].some((file) => file.startsWith(folder));
}

/** Removes paths in settings that no longer exist. */
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

/** Whether the code uses a package. */
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
