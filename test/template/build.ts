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
import { root } from '../support/program.ts';
import { pruneOverrides, rename, renewManifest, type Identity } from './manifest.ts';
import { pages, pruneSettings, selectFiles } from './rules.ts';
import { mustRun, run } from './run.ts';

interface Watch {
  readonly say: (line: string) => void;
  /** Aborted where it is broken off. */
  readonly signal: AbortSignal;
}

/**
 * Makes the service in a temporary folder beside the target and moves it there when it is whole: what fails on the
 * way, or is broken off, leaves nothing.
 *
 * @throws the reason of the signal, where it was aborted
 */
export async function build(
  target: string,
  identity: Identity,
  oldName: string,
  watch: Watch,
): Promise<void> {
  const temporary = mkdtempSync(join(dirname(target), `.${basename(target)}-`));
  const folder = join(temporary, basename(target)); // for whoever may read here; a temporary folder is for one alone
  try {
    mkdirSync(folder);
    await writeFiles(folder, identity, oldName, watch);
    await writeDocs(folder, watch);
    await commit(folder, identity, watch);
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
  { say, signal }: Watch,
): Promise<void> {
  const listed = (await mustRun('git', ['ls-files', '-z'], root, signal)).split('\0').filter(Boolean);
  const tracked = new Map(
    listed.filter((path) => existsSync(root + path)).map((path) => [path, readFileSync(root + path, 'utf8')]),
  );
  const kept = selectFiles(tracked);
  say(`copied    ${kept.size} of the ${tracked.size} files that git tracks`);

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
  say(`renamed   ${oldName} to ${identity.name}, the licence names ${identity.holder}`);

  await lock(folder, signal);
  const manifest = join(folder, 'package.json');
  const pruned = pruneOverrides(
    readFileSync(manifest, 'utf8'),
    readFileSync(join(folder, 'package-lock.json'), 'utf8'),
  );
  writeFileSync(manifest, pruned);
  await lock(folder, signal);
  say(`unneeded  ${dropped.length} packages: ${dropped.join(', ')}`);
}

/** Brings the lock file in step. All it needs is in the old one, so nothing is asked of a registry. */
async function lock(folder: string, signal: AbortSignal): Promise<void> {
  const args = ['install', '--package-lock-only', '--offline', '--ignore-scripts', '--no-audit', '--no-fund'];
  await mustRun('npm', args, folder, signal);
}

/** What is rendered from the declarations in the code, by the code that was just written. */
async function writeDocs(folder: string, { say, signal }: Watch): Promise<void> {
  const modules = join(folder, 'node_modules');
  symlinkSync(`${root}node_modules`, modules, 'junction');
  try {
    await mustRun(process.execPath, ['test/docs/write.ts'], folder, signal);
    // Lines that were left out may have been what kept others apart.
    await mustRun(
      process.execPath,
      [`${root}node_modules/prettier/bin/prettier.cjs`, '--write', '--log-level', 'warn', '.'],
      folder,
      signal,
    );
  } finally {
    rmSync(modules);
  }
  say('wrote     README.md, MAKE-IT-YOURS.md and .env.example');
}

async function commit(folder: string, { name, holder }: Identity, { say, signal }: Watch): Promise<void> {
  const known = (await run('git', ['config', 'user.email'], folder)).output.trim() !== '';
  const who = known ? [] : ['-c', `user.name=${holder}`, '-c', `user.email=${name}@localhost`];
  const git = (...args: string[]) => mustRun('git', args, folder, signal);
  await git('init', '--quiet');
  await git('symbolic-ref', 'HEAD', 'refs/heads/main');
  await git('add', '--all');
  const message = `feat: the ${name} service, as it begins`;
  await git(...who, '-c', 'commit.gpgsign=false', 'commit', '--quiet', '--no-verify', '-m', message);
  say('committed its beginning');
}
