import { globSync, readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { basename } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { Asset } from './asset.ts';

const folder = new URL('./client/', import.meta.url);

/** Modules of the server that the page uses as well. */
const SHARED_MODULES = ['../../manifest/shell-quote.ts'];

/** In the order of the cascade. */
const STYLES = [
  'base.css',
  'header.css',
  'dom/controls.css',
  'cluster/cluster.css',
  'cluster/events.css',
  'demos/demos.css',
  'demos/route-list.css',
  'request/request-form.css',
  'response/response.css',
  'response/response-progress.css',
  'response/comparison.css',
  'load-burst/load-burst.css',
];

/**
 * The page's modules as JavaScript, by base name: the browser gets all of them from one folder.
 *
 * @throws {Error} if two modules have the same base name
 */
export function readModules(): Map<string, Asset> {
  const modules = new Map<string, Asset>();
  for (const path of [...globSync('**/*.ts', { cwd: fileURLToPath(folder) }).sort(), ...SHARED_MODULES]) {
    const name = basename(path).replace(/\.ts$/, '.js');
    if (modules.has(name)) throw new Error(`two modules of the page are named ${name}`);
    modules.set(name, new Asset('text/javascript; charset=utf-8', read(path), toJavaScript));
  }
  return modules;
}

/** All styles in one file: the browser paints nothing before it has all of them. */
export function readStyles(): Asset {
  return new Asset('text/css; charset=utf-8', STYLES.map(read).join('\n'));
}

export function readIcon(): Asset {
  return new Asset('image/svg+xml', read('icon.svg'));
}

function read(path: string): string {
  return readFileSync(new URL(path, folder), 'utf8');
}

/** Removes types and comments, and points imports at the served files. */
function toJavaScript(source: string): string {
  return withoutWarnings(() => stripTypeScriptTypes(source))
    .replace(/^\s*\/\*\*[\s\S]*?\*\/\s*$/gm, '')
    .replace(/^[ \t]*\/\/.*$/gm, '')
    .replace(/[ \t]+$/gm, '')
    .replace(/\n{2,}/g, '\n')
    .replace(/ from '\.[\w./-]*\/([\w-]+)\.ts'/g, " from './$1.js'");
}

/** Node.js warns once that `stripTypeScriptTypes` is experimental; operators cannot act on that. */
function withoutWarnings<T>(work: () => T): T {
  const own = Object.getOwnPropertyDescriptor(process, 'emitWarning') ?? {};
  process.emitWarning = () => undefined;
  try {
    return work();
  } finally {
    Object.defineProperty(process, 'emitWarning', own);
  }
}
