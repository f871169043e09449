import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import { Program, root } from '../support/program.ts';

test("the image's health check probes the primary on the configured management port", async () => {
  const dockerfile = readFileSync(`${root}Dockerfile`, 'utf8');
  const [, command = ''] = /^HEALTHCHECK .*\\\n +CMD (\[.*\])$/m.exec(dockerfile) ?? [];
  const [program, ...args] = JSON.parse(command) as string[];
  expect(program).toBe('node');
  const check = (MANAGEMENT_PORT: string) =>
    promisify(execFile)(process.execPath, args, { env: { MANAGEMENT_PORT } });

  await using service = await Program.start({ WORKERS: '1' });
  const { port } = new URL(service.managementUrl);
  await check(port);
  await service.stop();
  await expect(check(port)).rejects.toMatchObject({ code: 1 });
});
