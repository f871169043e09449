import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { expect, test } from '@jest/globals';
import { featureFolders } from '../support/architecture.ts';
import { Program, root } from '../support/program.ts';

test('the service type-checks, starts and serves without any feature', async () => {
  const copy = mkdtempSync(join(tmpdir(), 'copy-'));
  try {
    for (const path of ['package.json', 'tsconfig.json', 'src'])
      cpSync(root + path, join(copy, path), { recursive: true });
    symlinkSync(`${root}node_modules`, join(copy, 'node_modules'));
    for (const folder of featureFolders) rmSync(join(copy, 'src', folder), { recursive: true });
    const list = join(copy, 'src/features.ts');
    const withoutFeatures = readFileSync(list, 'utf8')
      .replace(new RegExp(`^import .*'\\./(${featureFolders.join('|')})/.*\\n`, 'gm'), '')
      .replace(/(featureSets: readonly FeatureSet\[\] = )\[.*?\]/s, '$1[]');
    writeFileSync(list, withoutFeatures);

    const types = spawnSync(process.execPath, [`${root}node_modules/typescript/bin/tsc`, '-p', copy], {
      encoding: 'utf8',
    });
    expect(types.stdout).toBe('');
    await using program = await Program.start({ WORKERS: '1' }, copy, `${copy}/src/main.ts`);
    expect((await program.get('/livez')).status).toBe(200);
    const index = await program.get('/', { headers: { Accept: 'application/json' } });
    expect(((await index.json()) as { features: unknown[] }).features).toEqual([]);
    expect((await program.stop()).code).toBe(0);
  } finally {
    rmSync(copy, { recursive: true });
  }
}, 60_000);
