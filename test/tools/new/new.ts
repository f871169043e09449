/** `npm run new -- ../orders`: generates a service from this repository. */
import { existsSync, lstatSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { constants } from 'node:os';
import { basename, dirname, relative, resolve } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { quote } from '../../../src/manifest/shell-quote.ts';
import { exitCodes } from '../../../src/supervision/exit-codes.ts';
import { root } from '../../support/program.ts';
import { build } from './build.ts';
import type { Manifest } from './package-json.ts';
import { run } from './run.ts';

const USAGE = `Usage: npm run new -- <folder> [--name <name>] [--holder <copyright holder>]

  <folder>  a new or empty folder, relative to the current one
  --name    name of the package, the log and the image. Defaults to the folder's name
  --holder  copyright holder in the license. Defaults to git's user.name`;

/** An error that the user can correct. */
class UsageError extends Error {}

class Interrupted extends Error {
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
    throw new UsageError(`${sentence}. Try: npm run new -- --help`);
  }
}

/** @throws {UsageError} if the folder cannot be created */
function checkTarget(given: string): string {
  // npm runs a script in the package's folder; the path is relative to where npm was called.
  const target = resolve(process.env['INIT_CWD'] ?? process.cwd(), given);
  const parent = dirname(target);
  if (!existsSync(parent)) throw new UsageError(`The folder ${parent} does not exist.`);
  if (!relative(realpathSync(root), resolve(realpathSync(parent), basename(target))).startsWith('..')) {
    throw new UsageError(`${target} is inside this repository. Choose a folder outside it.`);
  }
  const existing = lstatSync(target, { throwIfNoEntry: false });
  if (existing !== undefined) {
    if (existing.isSymbolicLink())
      throw new UsageError(`${target} is a symbolic link. Name the folder itself.`);
    if (!existing.isDirectory()) throw new UsageError(`${target} is a file.`);
    if (readdirSync(target).length > 0) throw new UsageError(`${target} is not empty.`);
  }
  return target;
}

function checkName(name: string, { dependencies, devDependencies }: Manifest): string {
  if (!/^[a-z][a-z0-9-]{0,62}$/.test(name) || name.endsWith('-')) {
    throw new UsageError(
      `"${name}" is not a valid name: use a-z, 0-9 and -, start with a letter, at most 63 characters. Use --name to choose a name other than the folder's.`,
    );
  }
  if (name in { ...dependencies, ...devDependencies }) {
    throw new UsageError(
      `"${name}" is a package that the service depends on. Use --name to choose a name other than the folder's.`,
    );
  }
  return name;
}

function checkHolder(holder: string): string {
  if (/^[^\p{Cc}]*\S[^\p{Cc}]*$/u.test(holder)) return holder;
  throw new UsageError('--holder must be one line of text: the copyright holder.');
}

async function checkTools(): Promise<void> {
  if (!(await run('git', ['--version'])).ok)
    throw new UsageError('git is not installed. Install it and try again.');
  if (!(await run('git', ['ls-files', '--error-unmatch', 'package.json'], root)).ok) {
    throw new UsageError(`${root} is not a git repository: the service is generated from tracked files.`);
  }
  if (!existsSync(`${root}node_modules/prettier`))
    throw new UsageError('Run `npm ci` in this repository first.');
}

async function main(): Promise<void> {
  const { positionals, values } = readArguments();
  if (values.help === true) {
    print(USAGE);
    return;
  }
  const [given, ...rest] = positionals;
  if (given === undefined || given === '' || rest.length > 0) {
    throw new UsageError('Name one folder. Try: npm run new -- ../orders');
  }
  const target = checkTarget(given);
  const manifest = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as Manifest;
  const name = checkName(values.name ?? basename(target), manifest);
  await checkTools();

  const gitName = (await run('git', ['config', 'user.name'])).output.trim();
  const holder = checkHolder(values.holder ?? (gitName || `The ${name} authors`));
  await build(target, { name, holder }, manifest.name, { print, signal: abortOnSignal() });
  print(`\n${name} is in ${target}. Next:\n\n  cd ${quote(given)}\n  npm ci && npm start\n`);
  print('README.md describes it; MAKE-IT-YOURS.md shows how to change it.');
}

/** Aborted by the first signal; more of them change nothing. */
function abortOnSignal(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => controller.abort(new Interrupted(signal)));
  }
  return controller.signal;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

try {
  await main();
} catch (error) {
  const expected = error instanceof UsageError || error instanceof Interrupted;
  const text = expected ? error.message : ((error as Error).stack ?? String(error));
  process.stderr.write(`${text}\nNothing was written.\n`);
  process.exitCode =
    error instanceof Interrupted ? error.exitCode : error instanceof UsageError ? exitCodes.badUsage.code : 1;
}
