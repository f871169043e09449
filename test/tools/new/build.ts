import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import process from 'node:process';
import { root } from '../../support/program.ts';
import { pruneOverrides, rename, renewManifest, type Identity } from './package-json.ts';
import { pages, pruneSettings, selectFiles } from './selection.ts';
import { mustRun, run } from './run.ts';

interface Context {
  readonly print: (line: string) => void;
  /** Aborted if the user interrupts. */
  readonly signal: AbortSignal;
}

/**
 * Generates the service in a temporary folder next to the target and moves it there when it is complete, so that a
 * failure or an interruption leaves nothing behind.
 *
 * @throws the reason of the signal if it is aborted
 */
export async function build(
  target: string,
  identity: Identity,
  oldName: string,
  context: Context,
): Promise<void> {
  const temporary = mkdtempSync(join(dirname(target), `.${basename(target)}-`));
  const folder = join(temporary, basename(target)); // with normal permissions: mkdtemp's folder is private
  try {
    mkdirSync(folder);
    await writeFiles(folder, identity, oldName, context);
    await writeDocs(folder, context);
    await commit(folder, identity, context);
    if (existsSync(target)) rmdirSync(target);
    renameSync(folder, target);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

async function writeFiles(
  folder: string,
  identity: Identity,
  oldName: string,
  { print, signal }: Context,
): Promise<void> {
  const listed = (await mustRun('git', ['ls-files', '-z'], root, signal)).split('\0').filter(Boolean);
  const tracked = new Map(
    listed.filter((path) => existsSync(root + path)).map((path) => [path, readFileSync(root + path, 'utf8')]),
  );
  const kept = selectFiles(tracked);
  print(`copied    ${kept.size} of ${tracked.size} tracked files`);

  const { text, dropped } = renewManifest(kept, identity);
  kept.set('package.json', text);
  const tsconfig = kept.get('tsconfig.json');
  if (tsconfig !== undefined) kept.set('tsconfig.json', pruneSettings(kept, tsconfig));
  for (const [path, source] of Object.entries(pages)) kept.set(path, tracked.get(source) ?? '');

  for (const [path, content] of kept) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    const mode = existsSync(root + path) ? statSync(root + path).mode : 0o644;
    writeFileSync(join(folder, path), rename(path, content, oldName, identity), { mode });
  }
  print(`renamed   ${oldName} to ${identity.name}, license of ${identity.holder}`);

  await lock(folder, signal);
  const manifest = join(folder, 'package.json');
  const pruned = pruneOverrides(
    readFileSync(manifest, 'utf8'),
    readFileSync(join(folder, 'package-lock.json'), 'utf8'),
  );
  writeFileSync(manifest, pruned);
  await lock(folder, signal);
  print(`removed   ${dropped.length} packages: ${dropped.join(', ')}`);
}

/** Updates the lock file. The old one has everything it needs, so npm contacts no registry. */
async function lock(folder: string, signal: AbortSignal): Promise<void> {
  const args = ['install', '--package-lock-only', '--offline', '--ignore-scripts', '--no-audit', '--no-fund'];
  await mustRun('npm', args, folder, signal);
}

/** Renders the generated documentation with the code that was just written. */
async function writeDocs(folder: string, { print, signal }: Context): Promise<void> {
  const modules = join(folder, 'node_modules');
  symlinkSync(`${root}node_modules`, modules, 'junction');
  try {
    await mustRun(process.execPath, ['test/tools/docs/write.ts'], folder, signal);
    // Omitted lines may have changed how the rest has to be formatted.
    await mustRun(
      process.execPath,
      [`${root}node_modules/prettier/bin/prettier.cjs`, '--write', '--log-level', 'warn', '.'],
      folder,
      signal,
    );
  } finally {
    rmSync(modules);
  }
  print('wrote     README.md, MAKE-IT-YOURS.md and .env.example');
}

async function commit(folder: string, { name, holder }: Identity, { print, signal }: Context): Promise<void> {
  const known = (await run('git', ['config', 'user.email'], folder)).output.trim() !== '';
  const who = known ? [] : ['-c', `user.name=${holder}`, '-c', `user.email=${name}@localhost`];
  const git = (...args: string[]) => mustRun('git', args, folder, signal);
  await git('init', '--quiet');
  await git('symbolic-ref', 'HEAD', 'refs/heads/main');
  await git('add', '--all');
  const message = `feat: generate the ${name} service`;
  await git(...who, '-c', 'commit.gpgsign=false', 'commit', '--quiet', '--no-verify', '-m', message);
  print('committed the first version');
}
