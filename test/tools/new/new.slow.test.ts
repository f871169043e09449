/** `npm run new`: the generated service is complete and needs no cleanup. */
import { spawn, spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Program, root, until } from '../../support/program.ts';
import { applyBlocks, readBlocks } from './blocks.ts';
import { isUsed, namedFiles } from './selection.ts';

const home = realpathSync(mkdtempSync(join(tmpdir(), 'new-')));
chmodSync(home, 0o755); // as root, the database runs as another user, who must be able to enter
const orders = join(home, 'orders');
/** What npm needs, also behind a proxy with a certificate of its own. */
const { PATH, HOME, NODE_EXTRA_CA_CERTS } = process.env;
const environment = { PATH, HOME, NODE_EXTRA_CA_CERTS };
const node = process.execPath;

/** Runs a program in the new service, or in another folder. */
function run(program: string, args: readonly string[], cwd = orders, env = {}): SpawnSyncReturns<string> {
  return spawnSync(program, args, { cwd, encoding: 'utf8', env: { ...environment, ...env } });
}

function generate(...args: string[]): SpawnSyncReturns<string> {
  return run(node, [`${root}test/tools/new/new.ts`, ...args], home);
}

function mustRun(program: string, args: readonly string[], cwd = orders): string {
  const { status, stdout, stderr } = run(program, args, cwd);
  expect({ args, status, output: status === 0 ? '' : stdout + stderr }).toEqual({
    args,
    status: 0,
    output: '',
  });
  return stdout;
}

/** Every tracked file of the new service, with its text. */
function tracked(): Map<string, string> {
  const names = mustRun('git', ['ls-files']).trim().split('\n');
  return new Map(names.map((name) => [name, readFileSync(join(orders, name), 'utf8')]));
}

beforeAll(async () => {
  const startedAt = performance.now();
  const seconds = () => ((performance.now() - startedAt) / 1000).toFixed(1);
  const made = run('npm', ['run', '-s', 'new', '--', orders, '--holder', 'Ada Lovelace'], root);
  expect({ status: made.status, errors: made.stderr }).toEqual({ status: 0, errors: expect.any(String) });
  expect(made.stdout.split('\n').length).toBeGreaterThan(5); // it reports its steps
  const generatedAfter = seconds();
  mustRun('npm', ['ci', '--no-audit', '--no-fund', '--prefer-offline']);
  const installedAfter = seconds();
  await using program = await Program.start({ DATABASE_URL: '' }, orders, join(orders, 'src/main.ts'));
  mustRun('curl', ['-sf', `${program.url}/tasks`]);
  process.stdout.write(
    `new: generated after ${generatedAfter} s, installed ${installedAfter} s, first response ${seconds()} s\n`,
  );
}, 300_000);

afterAll(() => {
  rmSync(home, { recursive: true, force: true });
});

describe('the generated service', () => {
  test('is committed completely', () => {
    expect(mustRun('git', ['status', '--porcelain'])).toBe('');
    expect(mustRun('git', ['log', '--format=%s'])).toBe('feat: generate the orders service\n');
    expect(readdirSync(home)).toEqual(['orders']);
  });

  test('does not mention the repository that it was generated from', () => {
    for (const word of ['demo', 'exemplar', 'template: omit', '{{name}}']) {
      const { status, stdout } = run('git', ['grep', '-inF', word]);
      expect({ word, status, stdout }).toEqual({ word, status: 1, stdout: '' });
    }
  });

  test('has its own name and license', () => {
    expect(JSON.parse(readFileSync(join(orders, 'package.json'), 'utf8'))).toMatchObject({ name: 'orders' });
    expect(JSON.parse(readFileSync(join(orders, 'package-lock.json'), 'utf8'))).toMatchObject({
      name: 'orders',
    });
    expect(readFileSync(join(orders, 'LICENSE'), 'utf8')).toMatch(/^Copyright \(c\) \d{4} Ada Lovelace$/m);
    expect(readFileSync(join(orders, 'docker/compose.yml'), 'utf8')).toContain('image: orders\n');
    expect(readFileSync(join(orders, 'README.md'), 'utf8')).toMatch(/^# orders\n/);
  });

  test('has no unused package and no unused file', () => {
    const files = tracked();
    const { dependencies, devDependencies } = JSON.parse(files.get('package.json') ?? '') as Record<
      string,
      Record<string, string>
    >;
    const packages = Object.keys({ ...dependencies, ...devDependencies });
    expect(packages.length).toBeGreaterThan(10);
    expect(packages.filter((name) => !isUsed(name, files))).toEqual([]);

    const reached = (isStart: (name: string) => boolean) => {
      const found = new Set([...files.keys()].filter(isStart));
      for (const name of found) {
        for (const named of namedFiles(name, files.get(name) ?? '', files)) found.add(named);
      }
      return found;
    };
    const ofProgram = reached((name) => !/^(src|test)\//.test(name) || name.endsWith('.sql'));
    const ofTests = reached((name) => name.endsWith('.test.ts'));
    const unused = [...files.keys()].filter(
      (name) => !ofProgram.has(name) && (name.startsWith('src/') || !ofTests.has(name)),
    );
    expect(unused).toEqual([]);
  });

  test('has scripts and pages that name only existing files', () => {
    const files = tracked();
    for (const page of ['README.md', 'package.json', 'docker/compose.yml']) {
      const named = files
        .get(page)
        ?.matchAll(/(?<![\w./-])(?:\*\*\/)?((?:src|test|docker)\/[\w/-]+(?:\.\w+)*)/g);
      const paths = [...(named ?? [])].map(([, path = '']) => path);
      expect(paths.filter((path) => !existsSync(join(orders, path)))).toEqual([]);
    }
  });

  test('passes its own tests', () => {
    const { status, stdout, stderr } = run('npm', ['test']);
    expect({ status, output: status === 0 ? '' : stdout + stderr }).toEqual({ status: 0, output: '' });
  }, 600_000);
});

describe('npm start', () => {
  test('serves every route of the example and shuts down gracefully on SIGTERM', async () => {
    const npm = spawn('npm', ['start'], {
      cwd: orders,
      env: { ...environment, PORT: '0', MANAGEMENT_PORT: '0', WORKERS: '2', LOG_FORMAT: 'json' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const exited = once(npm, 'exit');
    let output = '';
    npm.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    const started = await until('the start', () => {
      const line = output.split('\n').find((text) => text.includes('"started"') && text.endsWith('}'));
      return line === undefined ? undefined : (JSON.parse(line) as { name: string; address: string });
    });
    expect(started.name).toBe('orders');
    const curl = (...args: string[]) => mustRun('curl', ['-s', '-w', '\n%{http_code}', ...args]).split('\n');
    const url = `${started.address}/tasks`;

    const [created = '', status] = curl('--json', '{"title":"Buy milk"}', url);
    expect(status).toBe('201');
    const { id } = JSON.parse(created) as { id: string };
    expect(curl(url)).toEqual([`{"items":[${created}]}`, '200']);
    expect(curl(`${url}/${id}`)).toEqual([created, '200']);
    const change = ['-X', 'PUT', '--json', '{"title":"Buy milk","done":true}', `${url}/${id}`];
    expect(curl(...change).at(-1)).toBe('428');
    expect(curl('-H', 'If-Match: "1"', ...change).at(-1)).toBe('200');
    expect(curl('-X', 'DELETE', '-H', 'If-Match: "1"', `${url}/${id}`).at(-1)).toBe('412');
    expect(curl('-X', 'DELETE', '-H', 'If-Match: "2"', `${url}/${id}`)).toEqual(['', '204']);
    expect(curl(`${url}/${id}`).at(-1)).toBe('404');

    npm.kill('SIGTERM');
    expect(await exited).toEqual([0, null]);
  });
});

describe('the image', () => {
  test('copies every file that it needs, and its production install starts', async () => {
    const dockerfile = readFileSync(join(orders, 'Dockerfile'), 'utf8');
    const copied = [...dockerfile.matchAll(/^COPY (?!--)(.+) \S+$/gm)].flatMap(([, names = '']) =>
      names.split(' '),
    );
    expect(copied).toEqual(expect.arrayContaining(['package.json', 'package-lock.json', 'src']));
    const ignored = readFileSync(join(orders, '.dockerignore'), 'utf8').trim().split('\n');
    expect(ignored[0]).toBe('*');
    for (const name of copied) expect(ignored).toContain(`!${name}`);

    const image = join(home, 'image');
    mkdirSync(image);
    for (const name of new Set(copied)) cpSync(join(orders, name), join(image, name), { recursive: true });
    const [, install = ''] = /^RUN npm (ci .+)$/m.exec(dockerfile) ?? [];
    mustRun('npm', [...install.split(' '), '--prefer-offline'], image);
    expect(existsSync(join(image, 'node_modules/jest'))).toBe(false);
    const env = { NODE_ENV: 'production', SHUTDOWN_SETTLE_MS: '100' };
    const withoutDatabase = Program.launch({ ...env, DATABASE_URL: '' }, image, join(image, 'src/main.ts'));
    expect((await withoutDatabase.exited).code).toBe(78);
    expect(withoutDatabase.errors).toContain('DATABASE_URL must be set in production');
    await using program = await Program.start(env, image, join(image, 'src/main.ts'));
    expect((await program.get('/tasks')).status).toBe(200);
    expect((await program.stop()).code).toBe(0);
    rmSync(image, { recursive: true });
  }, 120_000);
});

/** The tests that depend on the features. */
const featureTests = ['test/architecture', 'test/tools/docs', 'test/config', 'test/contract'];

describe('MAKE-IT-YOURS.md', () => {
  test('works exactly as written', async () => {
    const copy = cloneInstalled('copy');
    const chapters = readChapters(copy);
    expect(chapters).toHaveLength(14);
    // After the first chapter only what has changed is checked.
    const checkTypes = [
      'node_modules/typescript/bin/tsc',
      '--incremental',
      '--tsBuildInfoFile',
      join(home, 'types'),
    ];
    for (const [index, chapter] of chapters.entries()) {
      const [title = ''] = chapter.split('\n');
      follow(chapter, copy);
      const isLastOfItsKind = chapters[index + 1]?.startsWith('Remove') ?? true;
      const changed = [
        'src/app.ts',
        'src/features.ts',
        'src/resources.ts',
        'src/greetings',
        'test/greetings',
        'test/support',
      ];
      mustRun(node, checkTypes, copy);
      if (isLastOfItsKind) mustRun(node, ['node_modules/eslint/bin/eslint.js', ...changed], copy);
      mustRun(node, ['node_modules/prettier/bin/prettier.cjs', '--check', ...changed], copy);
      await tryOut(copy, title);
    }
    mustRun('npm', ['run', '-s', 'jest', '--', 'test/greetings', ...featureTests], copy);
    rmSync(copy, { recursive: true });
  }, 1_200_000);
});

// The chapter about the example is followed first.
test('the service works without the example and the database', async () => {
  const copy = cloneInstalled('without-database');
  for (const chapter of readChapters(copy)) if (chapter.startsWith('Remove')) follow(chapter, copy);
  mustRun(node, ['test/tools/check/check-code.ts'], copy);
  mustRun('npm', ['run', '-s', 'jest', '--', ...featureTests], copy);
  mustRun('npm', ['run', '-s', 'faults', '--', 'bad-config', '--short'], copy);
  const env = { WORKERS: '1', DATABASE_URL: '' };
  await using program = await Program.start(env, copy, join(copy, 'src/main.ts'));
  expect((await program.get('/tasks')).status).toBe(404);
  expect(await (await program.get('/readyz')).json()).toEqual({ status: 'ready' });
  expect((await program.stop()).code).toBe(0);
  expect(existsSync(join(copy, '.data'))).toBe(false);
  const { status, stdout } = run(
    'git',
    ['grep', '-ilE', 'postgres|pg-boss', '--', 'src', 'package*.json'],
    copy,
  );
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
  rmSync(copy, { recursive: true });
}, 300_000);

/** A clone with packages of its own: a chapter may remove some. */
function cloneInstalled(name: string): string {
  const copy = join(home, name);
  mustRun('git', ['clone', '-q', orders, copy]);
  mustRun('cp', ['-R', join(orders, 'node_modules'), join(copy, 'node_modules')]);
  return copy;
}

function readChapters(copy: string): string[] {
  return readFileSync(join(copy, 'MAKE-IT-YOURS.md'), 'utf8').split(/^## /m).slice(1);
}

/** Follows the steps of a chapter, and updates the documentation. */
function follow(chapter: string, copy: string): void {
  applyBlocks(copy, readBlocks(chapter));
  for (const [, line = ''] of chapter.matchAll(/```sh\n([^`]+)```/g)) mustRun('sh', ['-ec', line], copy);
  mustRun(node, ['test/tools/docs/write.ts'], copy);
}

/** Checks the promise of a chapter on the running program. */
async function tryOut(copy: string, title: string): Promise<void> {
  const env = {
    WORKERS: '1',
    DATABASE_URL: '',
    GREETING_API_KEY: 'the-key-of-this-test',
    ...(/background|metric/.test(title) ? { GREETING_INTERVAL_MS: '100' } : {}),
  };
  const headers = { Authorization: `Bearer ${env.GREETING_API_KEY}` };
  await using program = await Program.start(env, copy, join(copy, 'src/main.ts'));
  expect(await (await program.get('/greetings/Ada', { headers })).json()).toEqual({ greeting: 'Hello Ada' });
  const ready = await program.get('/readyz');
  if (title.includes('readiness')) {
    expect(await ready.json()).toEqual({ status: 'unavailable', failing: ['the greeting service'] });
    // Removed again, as the page says.
    const file = join(copy, 'src/greetings/create.ts');
    const lines = readFileSync(file, 'utf8').split('\n');
    writeFileSync(file, lines.filter((line) => !line.includes('checks:')).join('\n'));
    mustRun(node, ['node_modules/prettier/bin/prettier.cjs', '--write', file], copy);
  } else expect(ready.status).toBe(200);
  if (title.includes('background')) await program.logged('greeting');
  if (title.includes('metric')) {
    const scrape = async () => (await fetch(`${program.managementUrl}/metrics`)).text();
    await until('a count', async () => /^greetings_logged_total [1-9]/m.exec(await scrape()) ?? undefined);
    expect(await scrape()).toMatch(/^greetings_disk_free_bytes \d+$/m);
  }
  if (title.includes('key')) expect((await program.get('/greetings/Ada')).status).toBe(401);
  if (title.includes('layer')) {
    const response = await program.get('/openapi.json', { headers: { 'Accept-Encoding': 'gzip' } });
    expect(response.headers.get('content-encoding')).toBeNull();
  }
  expect((await program.get('/tasks')).status).toBe(title.includes('Remove') ? 404 : 200);
  expect((await program.stop()).code).toBe(0);
  if (title.includes('background')) expect(program.output).toContain('background-stopped');
}

describe('a bad command line gets one sentence, exit code 64, and writes nothing', () => {
  const folder = join(home, 'bad');
  beforeAll(() => {
    mkdirSync(join(folder, 'full'), { recursive: true });
    writeFileSync(join(folder, 'full/keep'), 'this');
    writeFileSync(join(folder, 'file'), 'this');
    symlinkSync('nowhere', join(folder, 'link'));
  });

  test.each([
    ['no folder', [], 'Name one folder'],
    ['an unknown option', ['x', '--force'], "Unknown option '--force'"],
    ['a folder that is not empty', [join(folder, 'full')], 'is not empty'],
    ['a file', [join(folder, 'file')], 'is a file'],
    ['a link', [join(folder, 'link')], 'is a symbolic link'],
    ['a bad name', [join(folder, 'Orders!')], 'is not a valid name'],
    [
      'the name of a package it uses',
      [join(folder, 'x'), '--name', 'express'],
      'is a package that the service depends on',
    ],
    ['a holder of two lines', [join(folder, 'x'), '--holder', 'Ada\nLovelace'], 'one line'],
    ['a folder nowhere', [join(folder, 'no/where')], 'does not exist'],
    ['a folder inside this repository', [join(root, 'orders')], 'is inside this repository'],
  ])('%s', (_what, args, sentence) => {
    const { status, stderr } = generate(...args);
    expect(status).toBe(64);
    expect(stderr).toContain(sentence);
    expect(stderr).not.toContain('    at ');
    expect(readdirSync(folder, { recursive: true }).sort()).toEqual(['file', 'full', 'full/keep', 'link']);
    expect(existsSync(join(root, 'orders'))).toBe(false);
  });

  test('--help prints the usage', () => {
    const { status, stdout } = generate('--help');
    expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringMatching(/^Usage:/) });
  });

  test('git is missing', () => {
    const { status, stderr } = run(node, [`${root}test/tools/new/new.ts`, join(folder, 'x')], home, {
      PATH: dirname(node),
    });
    expect(status).toBe(64);
    expect(stderr).toContain('git is not installed');
  });

  test.each([
    ['SIGINT', 130],
    ['SIGHUP', 129],
  ] as const)(
    '%s leaves nothing behind',
    async (signal, code) => {
      const generator = spawn(node, [`${root}test/tools/new/new.ts`, join(folder, 'x')], {
        env: environment,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      const exited = once(generator, 'exit');
      let said = '';
      generator.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
      let errors = '';
      generator.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
      await until('the files', () => said.includes('renamed') || undefined, 60_000);
      generator.kill(signal);
      expect(await exited).toEqual([code, null]);
      expect(errors).toBe('Interrupted.\nNothing was written.\n');
      expect(readdirSync(folder).sort()).toEqual(['file', 'full', 'link']);
    },
    120_000,
  );

  test('a failing step leaves nothing behind', () => {
    // Only git is in the path: npm cannot run when the lock file is updated.
    const tools = join(home, 'tools');
    mkdirSync(tools);
    const git = mustRun('sh', ['-c', 'command -v git'], home).trim();
    symlinkSync(git, join(tools, 'git'));
    const { status, stderr } = run(node, [`${root}test/tools/new/new.ts`, join(folder, 'x')], home, {
      PATH: tools,
    });
    expect(status).toBe(1);
    expect(stderr).toContain('Nothing was written.');
    expect(readdirSync(folder).sort()).toEqual(['file', 'full', 'link']);
  });
});
