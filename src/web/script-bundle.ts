import { stripTypeScriptTypes } from 'node:module';
import { basename } from 'node:path';
import process from 'node:process';
import { setImmediate as nextIteration } from 'node:timers/promises';

const IMPORT = /^import \{([^}]*)\} from '(?:[^']*\/)?([\w-]+)\.ts';$/gm;
const EXPORT = /^export (?=(?:async )?(?:function\*?|class|const) (\w+))/gm;

/**
 * Joins TypeScript modules into one script: a module becomes a function that returns its exports. Fifty small files have
 * as many response headers, which are as large as their compressed content.
 *
 * Stripping the types of all modules takes a tenth of a second, so other requests run between two of them.
 *
 * @param sources by path; their base names differ
 * @param entry the path of the module that runs last, and may use `await`
 * @throws {Error} if modules import each other, or use syntax other than named imports and exports
 */
export async function bundleScripts(sources: ReadonlyMap<string, string>, entry: string): Promise<string> {
  const byName = new Map([...sources].map(([path, source]) => [nameOf(path), source]));
  if (byName.size < sources.size) throw new Error('two modules of the page have the same name');
  const parts = new Map<string, string>();
  const add = async (name: string, importers: readonly string[]): Promise<void> => {
    if (parts.has(name)) return;
    const cycle = [...importers, name].join(' > ');
    if (importers.includes(name)) throw new Error(`modules of the page import each other: ${cycle}`);
    const source = byName.get(name);
    if (source === undefined) throw new Error(`the page has no module ${cycle}`);
    await nextIteration();
    const script = toJavaScript(source);
    for (const [, , imported = ''] of script.matchAll(IMPORT)) await add(imported, [...importers, name]);
    parts.set(name, name === nameOf(entry) ? link(script) : wrap(name, script));
  };
  await add(nameOf(entry), []);
  return [...parts.values()].join('\n');
}

function nameOf(path: string): string {
  return basename(path, '.ts');
}

/** The variable that holds the exports of a module. */
function variableOf(name: string): string {
  return `$${name.replaceAll('-', '_')}`;
}

function wrap(name: string, script: string): string {
  const exported = [...script.matchAll(EXPORT)].map(([, identifier]) => identifier);
  return `const ${variableOf(name)} = (() => {\n${link(script)}\nreturn { ${exported.join(', ')} };\n})();`;
}

/** Points imports at the variables of their modules, and removes the keyword from exports. */
function link(script: string): string {
  const linked = script
    .replace(
      IMPORT,
      (_match, names: string, module: string) =>
        `const {${names.replace(/ as /g, ': ').replace(/\s+/g, ' ')}} = ${variableOf(module)};`,
    )
    .replace(EXPORT, '');
  const [other] = /^(?:import|export)\b.*/m.exec(linked) ?? [];
  if (other !== undefined) throw new Error(`a module of the page cannot be bundled: ${other}`);
  return linked;
}

/** Removes types and comments. */
function toJavaScript(source: string): string {
  return withoutWarnings(() => stripTypeScriptTypes(source))
    .replace(/^\s*\/\*\*[\s\S]*?\*\/\s*$/gm, '')
    .replace(/^[ \t]*\/\/.*$/gm, '')
    .replace(/[ \t]+$/gm, '')
    .replace(/\n{2,}/g, '\n');
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
