/** The structure's own rules. */
import { readdirSync, readFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { describe, expect, test } from '@jest/globals';
import { Program, root } from './support/program.ts';

const sources = readdirSync(`${root}src`, { recursive: true, encoding: 'utf8' }).filter((file) =>
  file.endsWith('.ts'),
);

/** What a file imports, as paths below src; packages by their name. */
function importsOf(file: string): { from: string; typeOnly: boolean }[] {
  const text = readFileSync(`${root}src/${file}`, 'utf8');
  const statements = text.matchAll(
    /^(?:import|export)\s+(type\s+)?[^;'"]*?from\s+'([^']+)';|import\('([^']+)'\)/gms,
  );
  return [...statements].map(([, type, from, dynamic]) => {
    const target = from ?? dynamic ?? '';
    return {
      from: target.startsWith('.') ? join(file, '..', target) : target,
      typeOnly: type !== undefined,
    };
  });
}

function importing(pattern: RegExp, files: readonly string[]): string[] {
  return files.filter((file) =>
    importsOf(file).some(({ from, typeOnly }) => !typeOnly && pattern.test(from)),
  );
}

describe('the house', () => {
  test('only features.ts knows the demos and the page', () => {
    const outside = sources.filter((file) => !/^(demos|web)\//.test(file));
    expect(outside.filter((file) => importsOf(file).some(({ from }) => /^(demos|web)\//.test(from)))).toEqual(
      ['features.ts'],
    );
  });

  test('the page knows no demo: it shows whatever features it is given', () => {
    expect(
      importing(
        /^demos\//,
        sources.filter((file) => file.startsWith('web/')),
      ),
    ).toEqual([]);
  });

  test('the primary never loads Express, not even through another module', () => {
    const seen = new Set<string>();
    const visit = (file: string): void => {
      if (seen.has(file)) return;
      seen.add(file);
      for (const { from, typeOnly } of importsOf(file)) {
        if (typeOnly) continue;
        // features.ts loads its features only when a worker asks for them.
        if (sources.includes(from) && !/^(demos|web)\/index\.ts$/.test(from)) visit(from);
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
        /^(cluster|demos)\//,
        sources.filter((file) => file.startsWith('http/')),
      ),
    ).toEqual([]);
  });

  test('only config.ts reads the environment', () => {
    const readers = sources.filter((file) =>
      /process\.env(?=[.[)])|\benv\b.*from 'node:process'/.test(readFileSync(`${root}src/${file}`, 'utf8')),
    );
    // Beside it a child of a demo, which tells what its own environment is.
    expect(readers.filter((file) => file !== 'demos/process/env-report.ts')).toEqual(['config.ts']);
  });

  test('without the demos a service remains that typechecks and starts', async () => {
    const copy = mkdtempSync(join(tmpdir(), 'copy-'));
    try {
      for (const file of ['package.json', 'tsconfig.json', 'src'])
        cpSync(root + file, join(copy, file), { recursive: true });
      symlinkSync(`${root}node_modules`, join(copy, 'node_modules'));
      rmSync(join(copy, 'src/demos'), { recursive: true });
      rmSync(join(copy, 'src/web'), { recursive: true, force: true });
      const features = readFileSync(join(copy, 'src/features.ts'), 'utf8')
        .replace(/^import .*'\.\/(demos|web)\/.*\n/gm, '')
        .replace(/(featureSets: readonly FeatureSet\[\] = )\[.*\]/, '$1[]');
      writeFileSync(join(copy, 'src/features.ts'), features);

      const types = spawnSync(process.execPath, [`${root}node_modules/typescript/bin/tsc`, '-p', copy], {
        encoding: 'utf8',
      });
      expect(types.stdout).toBe('');
      await using program = await Program.start({ WORKERS: '1' }, copy, copy);
      expect((await program.get('/livez')).status).toBe(200);
      expect((await program.get('/demos')).status).toBe(404);
      expect((await program.stop()).code).toBe(0);
    } finally {
      rmSync(copy, { recursive: true });
    }
  }, 60_000);
});
