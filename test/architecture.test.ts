/** Which folder of `src` may import which, and what else holds for its structure. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { cruise, type IConfiguration, type ICruiseResult } from 'dependency-cruiser';
import { featureFolders, layers, sources } from './support/architecture.ts';
import { root } from './support/program.ts';

const folder = (...names: readonly string[]) => `^src/(${names.join('|')})/`;
const roles = ['primary', 'worker'];

type Rules = NonNullable<IConfiguration['forbidden']>;

const forbidden: Rules = [
  { name: 'circular imports', from: {}, to: { circular: true } },
  ...Object.entries(layers).map(([name, allowed]) => ({
    name: `${name}/ imports a folder that it may not import`,
    from: { path: folder(name) },
    to: { path: '^src/', pathNot: folder(name, ...allowed) },
  })),
  {
    name: 'shared/ imports a feature or a role',
    from: { path: folder('shared') },
    to: { path: '^src/', pathNot: folder('shared', ...Object.keys(layers)) },
  },
  ...featureFolders.map((name) => ({
    name: `${name}/ imports another feature or a role`,
    from: { path: folder(name) },
    to: { path: '^src/', pathNot: folder(name, 'shared', ...Object.keys(layers)) },
  })),
  {
    name: 'a file other than features.ts imports a feature',
    from: { path: '^src/', pathNot: [folder(...featureFolders), '^src/features\\.ts$'] },
    to: { path: folder(...featureFolders) },
  },
  {
    name: 'a role is imported by anything but the start',
    from: { path: '^src/', pathNot: [folder(...roles), '^src/start\\.ts$'] },
    to: { path: folder(...roles) },
  },
  { name: 'a role imports the other', from: { path: folder('primary') }, to: { path: folder('worker') } },
  {
    name: 'the primary imports a layer, a route, the manifest or the app',
    from: { path: folder('primary') },
    to: { path: [folder('layers', 'routes', 'manifest'), '^src/app\\.ts$'] },
  },
  {
    name: 'http/ needs Express at run time',
    from: { path: folder('http') },
    to: { path: 'node_modules/express/', dependencyTypesNot: ['type-only'] },
  },
];

interface Scope {
  /** Leaves out type imports, which are erased, and lazy ones. */
  readonly onlyLoaded?: boolean;
}

async function violationsOf(rules: Rules, { onlyLoaded = false }: Scope = {}): Promise<string[]> {
  const { output } = await cruise(
    ['src'],
    {
      baseDir: root,
      ...(onlyLoaded ? { exclude: { dynamic: true } } : {}),
      doNotFollow: { path: 'node_modules' },
      tsPreCompilationDeps: !onlyLoaded,
      validate: true,
      ruleSet: { forbidden: rules },
    },
    { extensions: ['.ts', '.js', '.cjs', '.json'] },
  );
  const { summary } = output as ICruiseResult;
  return summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} -> ${to}`);
}

describe('architecture', () => {
  test('folders import only what the rules allow', async () => {
    expect(await violationsOf(forbidden)).toEqual([]);
  });

  test('the import rules notice a violation', async () => {
    const impossible = {
      name: 'layers/ imports http/',
      from: { path: folder('layers') },
      to: { path: folder('http') },
    };
    expect(await violationsOf([impossible])).not.toEqual([]);
  });

  test('the primary does not load Express, the app, the database or a feature, not even indirectly', async () => {
    const primaryLoads = (name: string, ...path: readonly string[]) => ({
      name,
      from: { path: '^src/primary/primary\\.ts$' },
      to: { path: [...path], reachable: true },
    });
    const violations = await violationsOf(
      [
        primaryLoads('pino, as it must', 'node_modules/pino/pino\\.js$'), // shows that the rules notice a load
        primaryLoads(
          'Express, the app, the database or a feature',
          'node_modules/express/',
          '^src/app\\.ts$',
          'node_modules/pg/',
          'node_modules/pg-boss/',
          ...featureFolders.map((name) => `^src/${name}/(?!variables)`),
        ),
      ],
      { onlyLoaded: true },
    );
    expect(violations).toEqual([expect.stringMatching(/^pino, as it must: /)]);
  });

  // template: omit until blank line
  test('every demo route is declared in a file named as its path', async () => {
    const { demos } = await import('../src/demos/demos.ts');
    const misplaced = demos.flatMap(({ id, routes }) =>
      routes
        .map(({ path }) => ({ path, file: `demos/${id}/${path.split('/')[1] ?? ''}.ts` }))
        .filter(
          ({ path, file }) =>
            !sources.includes(file) ||
            !readFileSync(`${root}src/${file}`, 'utf8').includes(`path: '${path}'`),
        )
        .map(({ file }) => file),
    );
    expect(misplaced).toEqual([]);
  });

  test('only config/environment.ts reads the environment', () => {
    const readers = sources
      .filter((file) => file !== 'demos/process/env-report-child.ts') // template: omit (a child that reports its own)
      .filter((file) =>
        /process\.env(?=[.[)])|\benv\b.*from 'node:process'/.test(readFileSync(`${root}src/${file}`, 'utf8')),
      );
    // The compile cache must be set before any other module is loaded.
    expect(readers).toEqual(['config/environment.ts', 'process/compile-cache.ts']);
  });

  test('only process/signals.ts handles signals', () => {
    const handlers = sources
      .filter((file) => !file.endsWith('-child.ts')) // template: omit (demo programs with signals of their own)
      .filter((file) => /process\.(on|once)\((signal|'SIG)/.test(readFileSync(`${root}src/${file}`, 'utf8')));
    expect(handlers).toEqual(['process/signals.ts']);
  });
});
