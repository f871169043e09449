import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { expect, test } from '@jest/globals';
import type { ClusterView } from '../../src/supervision/supervision.ts';
import { testEnvironment } from '../support/environment.ts';
import { root, until } from '../support/program.ts';

// Of util-linux; it runs a command on a terminal of its own.
const onTerminal = spawnSync('script', ['--version']).status === 0 ? test : test.skip;

onTerminal('the log is for people on a terminal', async () => {
  const script = spawn('script', ['-qec', `${process.execPath} src/main.ts`, '/dev/null'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      PATH: process.env['PATH'],
      TERM: 'xterm-256color',
      PORT: '0',
      MANAGEMENT_PORT: '0',
      WORKERS: '2',
      ...testEnvironment,
      NODE_ENV: 'development',
    },
  });
  let output = '';
  script.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  const find = (pattern: RegExp) => until(String(pattern), () => pattern.exec(output)?.[1]);
  const app = await find(/ app +(http:\S+)\r\n/);
  const management = await find(/ management +(http:\S+) /);
  await fetch(`${app}/livez?secret=1`);
  expect(await find(/(w\d\S* GET \/livez \S+ \d+ ms)\r\n/)).toContain('GET /livez \u001B[32m200');

  const view = (await (await fetch(`${management}/workers`)).json()) as ClusterView;
  process.kill(view.primary.pid, 'SIGTERM');
  expect(await once(script, 'exit')).toEqual([0, null]);
  expect(output).not.toMatch(/^\{/m);
  expect(output).not.toContain('secret');
});
