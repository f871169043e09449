import { readdirSync, readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import process from 'node:process';
import { Asset } from './asset.ts';

const folder = new URL('./client/', import.meta.url);

/** In the order of the cascade. */
const styles = 'base bar controls cluster events demos finder form answer arrival drawings storm'.split(' ');

/** The page's modules, by the name a browser asks for, without types. */
export function readModules(): Map<string, Asset> {
  const names = readdirSync(folder).filter((name) => name.endsWith('.ts'));
  return new Map(
    names.map((name) => [
      name.replace(/\.ts$/, '.js'),
      new Asset('text/javascript; charset=utf-8', read(name), toJavaScript),
    ]),
  );
}

/** All styles in one file: nothing is painted before the last of them is there. */
export function readStyles(): Asset {
  return new Asset('text/css; charset=utf-8', styles.map((name) => read(`${name}.css`)).join('\n'));
}

export function readIcon(): Asset {
  return new Asset('image/svg+xml', read('icon.svg'));
}

function read(name: string): string {
  return readFileSync(new URL(name, folder), 'utf8');
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
