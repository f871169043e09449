import { spawn } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { isAlive, until } from '../../support/program.ts';

const program = fileURLToPath(new URL('./blocking-program.ts', import.meta.url));

function start(command: string, ...args: readonly string[]) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'], detached: true });
  const printed = { text: '' };
  child.stdout.on('error', () => undefined); // the pipe of a killed program may end with ECONNRESET
  child.stdout.setEncoding('utf8').on('data', (text: string) => (printed.text += text));
  return { child, printed, exited: once(child, 'exit') };
}

describe('the watchdog', () => {
  test('logs the requests in flight and the stack of a blocked event loop', async () => {
    const { child, printed } = start(process.execPath, program, 'block');
    const line = await until('a log line', () => (printed.text.includes('\n') ? printed.text : undefined));
    child.kill('SIGKILL');
    const { requests, stack, ...rest } = JSON.parse(line) as { requests: unknown[]; stack: string[] };
    expect(rest).toMatchObject({ event: 'event-loop-blocked', level: 'error', pid: child.pid });
    expect(requests).toEqual([
      expect.objectContaining({
        requestId: 'blocking-request',
        method: 'GET',
        path: '/block',
        route: '/block',
      }),
    ]);
    expect(stack[0]).toMatch(/^block \(worker\/watchdog\/blocking-program\.ts:\d+\)$/);
    expect(line).not.toContain('secret');
  });

  test('logs nothing while the event loop is responsive', async () => {
    const { printed, exited } = start(process.execPath, program, 'idle');
    expect(await exited).toEqual([0, null]);
    expect(printed.text).toBe('');
  });

  test('kills a blocked process whose parent has exited', async () => {
    const script = '"$@" & echo $!; sleep 2';
    const { printed, exited } = start('/bin/sh', '-c', script, 'sh', process.execPath, program, 'orphan');
    const pid = Number(await until('the process id', () => /^\d+/.exec(printed.text)?.[0]));
    expect(isAlive(pid)).toBe(true);
    await exited;
    await until('the process to end', () => (isAlive(pid) ? undefined : true));
  });
});
