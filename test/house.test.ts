/** The structure's own rules. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { root } from './support/program.ts';

const sources = readdirSync(`${root}src`, { recursive: true, encoding: 'utf8' }).filter((file) =>
  file.endsWith('.ts'),
);

/** What a file imports, as paths below src; packages by their name. */
function importsOf(file: string): { from: string; typeOnly: boolean; lazy: boolean }[] {
  const text = readFileSync(`${root}src/${file}`, 'utf8');
  const statements = text.matchAll(
    /^(?:import|export)\s+(type\s+)?[^;'"]*?from\s+'([^']+)';|import\('([^']+)'\)/gms,
  );
  return [...statements].map(([, type, from, dynamic]) => {
    const target = from ?? dynamic ?? '';
    return {
      from: target.startsWith('.') ? join(file, '..', target) : target,
      typeOnly: type !== undefined,
      lazy: from === undefined,
    };
  });
}

/** All but the features, which have a folder each. */
const isCore = (file: string) => /^((cluster|config|http|process)\/|[^/]+$)/.test(file);
const folderOf = (file: string) => file.split('/')[0] ?? '';
/** What several features use has a place of its own, and knows none of them. */
const featureFolders = readdirSync(`${root}src`).filter(
  (name) => !name.includes('.') && !isCore(`${name}/`) && name !== 'shared',
);

function importing(pattern: RegExp, files: readonly string[]): string[] {
  return files.filter((file) =>
    importsOf(file).some(({ from, typeOnly }) => !typeOnly && pattern.test(from)),
  );
}

describe('the house', () => {
  test('only features.ts knows the features', () => {
    const knowing = sources.filter(
      (file) => isCore(file) && importsOf(file).some(({ from }) => sources.includes(from) && !isCore(from)),
    );
    expect(knowing.filter((file) => file !== 'features.ts')).toEqual([]);
  });

  test('no feature knows another: what several use goes to src/shared, which knows none of them', () => {
    const knowing = sources.filter(
      (file) =>
        !isCore(file) &&
        importsOf(file).some(
          ({ from }) => featureFolders.includes(folderOf(from)) && folderOf(file) !== folderOf(from),
        ),
    );
    expect(knowing).toEqual([]);
  });

  test('the primary never loads Express, not even through another module', () => {
    const seen = new Set<string>();
    const visit = (file: string): void => {
      if (seen.has(file)) return;
      seen.add(file);
      for (const { from, typeOnly, lazy } of importsOf(file)) {
        // The settings of a feature load the rest of it only when a worker asks.
        if (typeOnly || (lazy && !isCore(file))) continue;
        if (sources.includes(from)) visit(from);
        else seen.add(from);
      }
    };
    visit('cluster/primary.ts');
    expect(
      [...seen].filter((name) => name === 'express' || name === 'app.ts' || name === 'worker.ts'),
    ).toEqual([]);
    expect(seen.has('cluster/supervisor.ts')).toBe(true);
  });

  test('the supervisor, the layers and the process modules do not know each other the wrong way round', () => {
    expect(
      importing(
        /^(http|cluster)\//,
        sources.filter((file) => file.startsWith('process/')),
      ),
    ).toEqual([]);
    expect(
      importing(
        /^cluster\//,
        sources.filter((file) => file.startsWith('http/')),
      ),
    ).toEqual([]);
  });

  test('only config.ts reads the environment', () => {
    const readers = sources
      .filter((file) => file !== 'demos/process/env-report.ts') // not in a copy: a child that tells its own
      .filter((file) =>
        /process\.env(?=[.[)])|\benv\b.*from 'node:process'/.test(readFileSync(`${root}src/${file}`, 'utf8')),
      );
    // The latter only tells children where compiled modules are, before any other module is loaded.
    expect(readers).toEqual(['config.ts', 'process/compile-cache.ts']);
  });
});
