/** Writes the same program as CommonJS modules, as ES modules and as one script for a startup snapshot. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** About 10 kB of source per module, as in a common dependency. */
const FUNCTIONS = 100;

export interface ModuleFiles {
  /** Only the report, without any module. */
  readonly empty: string;
  readonly cjs: string;
  readonly esm: string;
  /** For `node --build-snapshot`. */
  readonly snapshot: string;
}

/** What a program prints as its first line. */
export interface FirstLine {
  /** The sum of the numbers of all modules: proof that each was loaded. */
  readonly sum: number;
  /** An imported counter after the module has incremented it once. */
  readonly counter: number;
  /** CPU time of the process so far. */
  readonly cpuMs: number;
}

/** @param folder does not exist yet */
export async function writeModules(folder: string, modules: number): Promise<ModuleFiles> {
  await mkdir(folder, { mode: 0o700 });
  const numbers = Array.from({ length: modules }, (_, index) => index + 1);
  const files = {
    empty: join(folder, 'empty.cjs'),
    cjs: join(folder, 'main.cjs'),
    esm: join(folder, 'main.mjs'),
    snapshot: join(folder, 'snapshot.cjs'),
  };
  const sum = numbers.map((number) => `v${number}`).join(' + ');
  await Promise.all([
    ...numbers.flatMap((number) => [
      writeFile(join(folder, `m${number}.cjs`), cjsModule(number)),
      writeFile(join(folder, `m${number}.mjs`), esmModule(number)),
    ]),
    writeFile(files.empty, report('0', '0')),
    writeFile(
      files.cjs,
      [
        ...numbers.map((number) => `const { value: v${number} } = require('./m${number}.cjs');`),
        "const { counter, increment } = require('./m1.cjs');",
        'increment();',
        report(sum, 'counter'),
      ].join('\n'),
    ),
    writeFile(
      files.esm,
      [
        ...numbers.map((number) => `import { value as v${number} } from './m${number}.mjs';`),
        "import { counter, increment } from './m1.mjs';",
        'increment();',
        report(sum, 'counter'),
      ].join('\n'),
    ),
    writeFile(
      files.snapshot,
      [
        ...numbers.map(
          (number) => `const v${number} = (() => {\n${source(number)}\nreturn ${number};\n})();`,
        ),
        `require('node:v8').startupSnapshot.setDeserializeMainFunction(() => { ${report(sum, '0')} });`,
      ].join('\n'),
    ),
  ]);
  return files;
}

function cjsModule(number: number): string {
  return `${source(number)}\nexports.value = ${number};\nexports.counter = 0;\nexports.increment = () => { exports.counter += 1; };`;
}

function esmModule(number: number): string {
  return `${source(number)}\nexport const value = ${number};\nexport let counter = 0;\nexport function increment() { counter += 1; }`;
}

function source(number: number): string {
  return Array.from(
    { length: FUNCTIONS },
    (_, index) =>
      `function f${index}(a, b) { const t = a + b * ${index}; return t > ${number} ? { t, index: ${index} } : [t, 'x${index}']; }`,
  ).join('\n');
}

function report(sum: string, counter: string): string {
  return `const { user, system } = process.cpuUsage(); console.log(JSON.stringify({ sum: ${sum}, counter: ${counter}, cpuMs: (user + system) / 1000 }));`;
}
