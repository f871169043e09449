import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync } from 'node:fs';
import process from 'node:process';
import { expect, test } from '@jest/globals';
import { Sandbox } from '../faults/sandbox.ts';
import { testEnvironment } from '../support/environment.ts';
import { until } from '../support/program.ts';

test('npm run dev restarts the service when a file changes that only workers load', async () => {
  const sandbox = await Sandbox.create(true, () => undefined); // a copy whose files may be changed
  const npm = spawn('npm', ['run', 'dev'], {
    cwd: sandbox.folder,
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      ...process.env,
      ...testEnvironment,
      PORT: '0',
      MANAGEMENT_PORT: '0',
      WORKERS: '1',
      LOG_FORMAT: 'json',
    },
  });
  const exited = once(npm, 'exit');
  let output = '';
  npm.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  /** @returns the process id of each start */
  const starts = async (count: number) =>
    until(`start ${count}`, () => {
      const lines = output.split('\n').filter((line) => line.includes('"event":"started"'));
      return lines.length >= count
        ? lines.map((line) => (JSON.parse(line) as { pid: number }).pid)
        : undefined;
    });
  try {
    await starts(1);
    appendFileSync(sandbox.path('src/layers/not-found.ts'), '// changed\n');
    const pids = await starts(2);
    expect(new Set(pids).size).toBe(pids.length);
  } finally {
    process.kill(-(npm.pid ?? 0), 'SIGINT');
    await exited;
    expect(await sandbox.close()).toEqual([]);
  }
});
