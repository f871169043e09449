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

/**
 * Makes the service in a temporary folder beside the target and moves it there when it is whole: what fails on the
 * way leaves nothing.
 */
export async function build(
  target: string,
  identity: Identity,
  oldName: string,
  say: (line: string) => void,
): Promise<void> {
  const temporary = mkdtempSync(join(dirname(target), `.${basename(target)}-`));
  const folder = join(temporary, basename(target)); // for whoever may read here; a temporary folder is for one alone
  mkdirSync(folder);
  const clear = () => rmSync(temporary, { recursive: true, force: true });
  const interrupt = () => {
    clear();
    process.stderr.write('Interrupted. Nothing was written.\n');
    process.exit(130);
  };
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  try {
    await writeFiles(folder, identity, oldName, say);
    await writeDocs(folder, say);
    await commit(folder, identity, say);
    if (existsSync(target)) rmdirSync(target);
    renameSync(folder, target);
  } finally {
    clear();
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
}

async function writeFiles(
  folder: string,
  identity: Identity,
  oldName: string,
  say: (line: string) => void,
): Promise<void> {
  const listed = (await mustRun('git', ['ls-files', '-z'], root)).split('\0').filter(Boolean);
  const tracked = new Map(
    listed.filter((path) => existsSync(root + path)).map((path) => [path, readFileSync(root + path, 'utf8')]),
  );
  const kept = selectFiles(tracked);
  say(`copied    ${kept.size} of the ${tracked.size} files that git tracks`);

  const { text, dropped } = renewManifest(kept, identity);
  kept.set('package.json', pruneSettings(kept, text));
  const tsconfig = kept.get('tsconfig.json');
  if (tsconfig !== undefined) kept.set('tsconfig.json', pruneSettings(kept, tsconfig));
  for (const [path, source] of Object.entries(pages)) kept.set(path, tracked.get(source) ?? '');

  for (const [path, content] of kept) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    const mode = existsSync(root + path) ? statSync(root + path).mode : 0o644;
    writeFileSync(join(folder, path), rename(path, content, oldName, identity), { mode });
  }
  say(`renamed   ${oldName} to ${identity.name}, the licence names ${identity.holder}`);

  await lock(folder);
  const manifest = join(folder, 'package.json');
  const pruned = pruneOverrides(
    readFileSync(manifest, 'utf8'),
    readFileSync(join(folder, 'package-lock.json'), 'utf8'),
  );
  writeFileSync(manifest, pruned);
  await lock(folder);
  say(`unneeded  ${dropped.length} packages: ${dropped.join(', ')}`);
}

/** Brings the lock file in step. All it needs is in the old one, so nothing is asked of a registry. */
async function lock(folder: string): Promise<void> {
  const args = ['install', '--package-lock-only', '--offline', '--ignore-scripts', '--no-audit', '--no-fund'];
  await mustRun('npm', args, folder);
}

/** What is rendered from the declarations in the code, by the code that was just written. */
async function writeDocs(folder: string, say: (line: string) => void): Promise<void> {
  const modules = join(folder, 'node_modules');
  symlinkSync(`${root}node_modules`, modules, 'junction');
  try {
    await mustRun(process.execPath, ['test/docs/write.ts'], folder);
    // Lines that were left out may have been what kept others apart.
    await mustRun(
      process.execPath,
      [`${root}node_modules/prettier/bin/prettier.cjs`, '--write', '--log-level', 'warn', '.'],
      folder,
    );
  } finally {
    rmSync(modules);
  }
  say('wrote     README.md, MAKE-IT-YOURS.md and .env.example');
}

async function commit(
  folder: string,
  { name, holder }: Identity,
  say: (line: string) => void,
): Promise<void> {
  const known = (await run('git', ['config', 'user.email'], folder)).output.trim() !== '';
  const who = known ? [] : ['-c', `user.name=${holder}`, '-c', `user.email=${name}@localhost`];
  await mustRun('git', ['init', '--quiet'], folder);
  await mustRun('git', ['symbolic-ref', 'HEAD', 'refs/heads/main'], folder);
  await mustRun('git', ['add', '--all'], folder);
  const message = `feat: the ${name} service, as it begins`;
  const args = ['-c', 'commit.gpgsign=false', 'commit', '--quiet', '--no-verify', '-m', message];
  await mustRun('git', [...who, ...args], folder);
  say('committed its beginning');
}
