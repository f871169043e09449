import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { Program, root, until } from '../support/program.ts';

test.each(['2', '0'])(
  'the management port with WORKERS=%s is not ready until the checks of the features pass',
  async (WORKERS) => {
    const folder = await mkdtemp(join(tmpdir(), 'readiness-'));
    const READY_FILE = join(folder, 'ready');
    await using program = await Program.start(
      { WORKERS, READY_FILE },
      root,
      `${root}test/program/dependent-program.ts`,
    );
    const probe = async () => {
      const response = await fetch(`${program.managementUrl}/readyz`);
      return { status: response.status, body: await response.json() };
    };
    expect(await probe()).toEqual({ status: 503, body: { status: 'unavailable', failing: ['file'] } });
    await writeFile(READY_FILE, '');
    const ready = await until('readiness', async () => {
      const response = await probe();
      return response.status === 200 ? response : undefined;
    });
    expect(ready.body).toEqual({ status: 'ready' });
    await rm(folder, { recursive: true });
  },
);
