/** The service does without any feature: what is left starts and serves. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { expect, test } from '@jest/globals';
import { Program, root } from '../support/program.ts';

const json = { headers: { Accept: 'application/json' } };

/** All folders but those of the service itself. */
const featureFolders = readdirSync(`${root}src`).filter(
  (name) => !name.includes('.') && !['cluster', 'config', 'http', 'process'].includes(name),
);

test('without any feature a service remains that typechecks and starts', async () => {
  const copy = mkdtempSync(join(tmpdir(), 'copy-'));
  try {
    for (const file of ['package.json', 'tsconfig.json', 'src'])
      cpSync(root + file, join(copy, file), { recursive: true });
    symlinkSync(`${root}node_modules`, join(copy, 'node_modules'));
    for (const folder of featureFolders) rmSync(join(copy, 'src', folder), { recursive: true });
    const features = readFileSync(join(copy, 'src/features.ts'), 'utf8')
      .replace(new RegExp(`^import .*'\\./(${featureFolders.join('|')})/.*\\n`, 'gm'), '')
      .replace(/(featureSets: readonly FeatureSet\[\] = )\[.*?\]/s, '$1[]');
    writeFileSync(join(copy, 'src/features.ts'), features);

    const types = spawnSync(process.execPath, [`${root}node_modules/typescript/bin/tsc`, '-p', copy], {
      encoding: 'utf8',
    });
    expect(types.stdout).toBe('');
    await using program = await Program.start({ WORKERS: '1' }, copy, `${copy}/src/main.ts`);
    expect((await program.get('/livez')).status).toBe(200);
    const { features: offered } = (await (await program.get('/', json)).json()) as { features: unknown[] };
    expect(offered).toEqual([]);
    expect((await program.stop()).code).toBe(0);
  } finally {
    rmSync(copy, { recursive: true });
  }
}, 60_000);
