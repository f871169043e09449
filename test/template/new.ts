/** `npm run new -- ../orders`: makes a service of one's own out of this repository. */
import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, relative, resolve } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { root } from '../support/program.ts';
import { build } from './build.ts';
import { run } from './run.ts';

const USAGE = 'Usage: npm run new -- <folder> [--name <name>] [--holder <whose work it is>]';

/** Something the caller can put right. */
class Mistake extends Error {}

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: { name: { type: 'string' }, holder: { type: 'string' } },
    });
  } catch (error) {
    throw new Mistake(`${(error as Error).message}\n${USAGE}`);
  }
}

/** The folder that is to be made. @throws {Mistake} where it cannot be */
function checkTarget(given: string): string {
  // npm runs a script in the folder of the package; a path is meant from where npm was called.
  const target = resolve(process.env['INIT_CWD'] ?? process.cwd(), given);
  const parent = dirname(target);
  if (!existsSync(parent)) throw new Mistake(`There is no folder ${parent}.`);
  if (!relative(realpathSync(root), resolve(realpathSync(parent), basename(target))).startsWith('..')) {
    throw new Mistake(`${target} is inside this repository: choose a folder beside it.`);
  }
  if (existsSync(target)) {
    if (!statSync(target).isDirectory()) throw new Mistake(`${target} is a file.`);
    if (readdirSync(target).length > 0) throw new Mistake(`${target} exists and is not empty.`);
  }
  return target;
}

function checkName(name: string): string {
  if (/^[a-z][a-z0-9-]{0,62}$/.test(name) && !name.endsWith('-')) return name;
  throw new Mistake(
    `«${name}» cannot be its name: use a-z, 0-9 and -, beginning with a letter, at most 63. --name sets another than the folder's.`,
  );
}

async function checkTools(): Promise<void> {
  if (!(await run('git', ['--version'])).ok) throw new Mistake('git is not found: install it and try again.');
  if (!(await run('git', ['ls-files', '--error-unmatch', 'package.json'], root)).ok) {
    throw new Mistake(`${root} is no git repository: what belongs to the service is what git tracks.`);
  }
  if (!existsSync(`${root}node_modules/prettier`)) throw new Mistake('Run `npm ci` here first.');
}

async function main(): Promise<void> {
  const { positionals, values } = readArguments();
  const [given, ...rest] = positionals;
  if (given === undefined || given === '' || rest.length > 0) throw new Mistake(USAGE);
  const target = checkTarget(given);
  const name = checkName(values.name ?? basename(target));
  await checkTools();

  const gitName = (await run('git', ['config', 'user.name'])).output.trim();
  const holder = values.holder ?? (gitName || `The ${name} authors`);
  const manifest = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as { name: string };
  await build(target, { name, holder }, manifest.name, say);
  say(`\n${name} is in ${target}. Next:\n\n  cd ${given}\n  npm ci\n  npm test\n  npm start\n`);
  say('README.md says what it is, MAKE-IT-YOURS.md how to change it.');
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

try {
  await main();
} catch (error) {
  const text = error instanceof Mistake ? error.message : ((error as Error).stack ?? String(error));
  process.stderr.write(`${text}\nNothing was written.\n`);
  process.exitCode = 1;
}
