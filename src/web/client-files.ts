import { readdirSync, readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import process from 'node:process';
import { Asset } from './asset.ts';

const folder = new URL('./client/', import.meta.url);

const types: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.ts': 'text/javascript; charset=utf-8',
};

/** The page's modules and styles, as a browser can read them: without types, by the name it asks for. */
export function readClientFiles(): Map<string, Asset> {
  const files = new Map<string, Asset>();
  for (const name of readdirSync(folder).sort()) {
    const suffix = name.slice(name.lastIndexOf('.'));
    const type = types[suffix];
    if (type === undefined) continue;
    const text = readFileSync(new URL(name, folder), 'utf8');
    if (suffix === '.ts') files.set(name.replace(/\.ts$/, '.js'), new Asset(type, text, toJavaScript));
    else files.set(name, new Asset(type, text));
  }
  return files;
}

/** Takes the types and the comments out, and names the modules it imports as they are served. */
function toJavaScript(source: string): string {
  return quietly(() => stripTypeScriptTypes(source))
    .replace(/^\s*\/\*\*[\s\S]*?\*\/\s*$/gm, '')
    .replace(/^[ \t]*\/\/.*$/gm, '')
    .replace(/[ \t]+$/gm, '')
    .replace(/\n{2,}/g, '\n')
    .replace(/( from '\.\/[\w-]+)\.ts'/g, "$1.js'");
}

/** Node.js warns once that this function may change; whoever starts the service can do nothing about that. */
function quietly<T>(work: () => T): T {
  const own = Object.getOwnPropertyDescriptor(process, 'emitWarning') ?? {};
  process.emitWarning = () => undefined;
  try {
    return work();
  } finally {
    Object.defineProperty(process, 'emitWarning', own);
  }
}
