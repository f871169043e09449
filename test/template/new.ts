/** `npm run new -- ../orders`: makes a service of one's own out of this repository. */
import { existsSync, lstatSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { constants } from 'node:os';
import { basename, dirname, relative, resolve } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { root } from '../support/program.ts';
import { build } from './build.ts';
import type { Manifest } from './manifest.ts';
import { run } from './run.ts';

const USAGE = `Usage: npm run new -- <folder> [--name <name>] [--holder <whose work it is>]

  <folder>  a new or empty one, from where you are
  --name    of the package, the log and the image; that of the folder where it is left out
  --holder  named by the licence; git's user.name where it is left out`;

/** Something the caller can put right. */
class Mistake extends Error {}

/** The caller has thought better of it. */
class Interruption extends Error {
  readonly exitCode: number;

  constructor(signal: NodeJS.Signals) {
    super('Interrupted.');
    this.exitCode = 128 + constants.signals[signal];
  }
}

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        name: { type: 'string' },
        holder: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    const [sentence = ''] = (error as Error).message.split('. ', 1);
    throw new Mistake(`${sentence}.\n\n${USAGE}`);
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
  const there = lstatSync(target, { throwIfNoEntry: false });
  if (there !== undefined) {
    if (there.isSymbolicLink()) throw new Mistake(`${target} is a link: name the folder itself.`);
    if (!there.isDirectory()) throw new Mistake(`${target} is a file.`);
    if (readdirSync(target).length > 0) throw new Mistake(`${target} exists and is not empty.`);
  }
  return target;
}

function checkName(name: string, { dependencies, devDependencies }: Manifest): string {
  if (!/^[a-z][a-z0-9-]{0,62}$/.test(name) || name.endsWith('-')) {
    throw new Mistake(
      `«${name}» cannot be its name: use a-z, 0-9 and -, beginning with a letter, at most 63. --name sets another than the folder's.`,
    );
  }
  if (name in { ...dependencies, ...devDependencies }) {
    throw new Mistake(`«${name}» is a package that the service uses. --name sets another than the folder's.`);
  }
  return name;
}

function checkHolder(holder: string): string {
  if (/^[^\p{Cc}]*\S[^\p{Cc}]*$/u.test(holder)) return holder;
  throw new Mistake('--holder is one line of text: whose work it is.');
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
  if (values.help === true) {
    say(USAGE);
    return;
  }
  const [given, ...rest] = positionals;
  if (given === undefined || given === '' || rest.length > 0) throw new Mistake(USAGE);
  const target = checkTarget(given);
  const manifest = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as Manifest;
  const name = checkName(values.name ?? basename(target), manifest);
  await checkTools();

  const gitName = (await run('git', ['config', 'user.name'])).output.trim();
  const holder = checkHolder(values.holder ?? (gitName || `The ${name} authors`));
  await build(target, { name, holder }, manifest.name, { say, signal: interruption() });
  say(`\n${name} is in ${target}. Next:\n\n  cd ${quote(given)}\n  npm ci && npm start\n`);
  say('README.md says what it is, MAKE-IT-YOURS.md how to change it.');
}

/** Aborted by the signals that end a program; more of them, as impatience sends them, change nothing. */
function interruption(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => controller.abort(new Interruption(signal)));
  }
  return controller.signal;
}

/** For a shell, in quotes only where it would stumble. */
function quote(path: string): string {
  return /^[\w./+-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

try {
  await main();
} catch (error) {
  const foreseen = error instanceof Mistake || error instanceof Interruption;
  const text = foreseen ? error.message : ((error as Error).stack ?? String(error));
  process.stderr.write(`${text}\nNothing was written.\n`);
  process.exitCode = error instanceof Interruption ? error.exitCode : 1;
}
