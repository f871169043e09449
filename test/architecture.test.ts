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

const impossible = {
  name: 'layers/ imports http/', // shows that the rules notice a violation
  from: { path: folder('layers') },
  to: { path: folder('http') },
};

const { output } = await cruise(
  ['src'],
  {
    baseDir: root,
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    validate: true,
    ruleSet: { forbidden: [...forbidden, impossible] },
  },
  { extensions: ['.ts', '.js', '.cjs', '.json'] },
);
const { modules, summary } = output as ICruiseResult;
const imports = new Map(modules.map(({ source, dependencies }) => [source, dependencies]));

/** What a module loads, also indirectly: without type imports, which are erased, and lazy ones. */
function loadedBy(module: string): string[] {
  const loaded = new Set([module]);
  for (const file of loaded) {
    for (const { dynamic, resolved, dependencyTypes } of imports.get(file) ?? []) {
      if (!dynamic && !dependencyTypes.includes('type-only')) loaded.add(resolved);
    }
  }
  return [...loaded];
}

describe('architecture', () => {
  test('folders import only what the rules allow', () => {
    const violations = summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} -> ${to}`);
    expect(violations.filter((violation) => !violation.startsWith(impossible.name))).toEqual([]);
    expect(violations).not.toEqual([]);
  });

  test('the primary does not load Express, the app, the database or a feature, not even indirectly', () => {
    const unwanted = [
      'node_modules/express/',
      '^src/app\\.ts$',
      'node_modules/pg/',
      'node_modules/pg-boss/',
      ...featureFolders.map((name) => `^src/${name}/(?!variables)`),
    ].map((pattern) => new RegExp(pattern));
    const loaded = loadedBy('src/primary/primary.ts');
    expect(loaded).toContain('node_modules/pino/pino.js');
    expect(loaded.filter((file) => unwanted.some((pattern) => pattern.test(file)))).toEqual([]);
  });

  test('a worker does not load the SDK of OpenTelemetry before tracing is configured', () => {
    const loaded = loadedBy('src/worker/worker.ts');
    expect(loaded).toContain('src/telemetry/open-tracing.ts');
    expect(loaded.filter((file) => /open-telemetry\.ts$|@opentelemetry\/sdk/.test(file))).toEqual([]);
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
