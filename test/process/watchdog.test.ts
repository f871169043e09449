import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import process from 'node:process';
import { describe, expect, test } from '@jest/globals';
import { isAlive, until } from '../support/program.ts';

const program = fileURLToPath(new URL('./watched-program.ts', import.meta.url));

function start(command: string, args: readonly string[]) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'], detached: true });
  const seen = { output: '' };
  child.stdout.on('error', () => undefined); // a killed program's pipe may end with ECONNRESET
  child.stdout.setEncoding('utf8').on('data', (text: string) => (seen.output += text));
  return { child, seen };
}

describe('the watchdog', () => {
  test('says what an event loop that hangs was serving, and where it hangs', async () => {
    const { child, seen } = start(process.execPath, [program, 'hang']);
    const line = await until('the line', () => (seen.output.includes('\n') ? seen.output : undefined));
    child.kill('SIGKILL');
    const { requests, stack, ...rest } = JSON.parse(line) as {
      requests: unknown[];
      stack: string[];
    };
    expect(rest).toMatchObject({ event: 'event-loop-silent', level: 'error', pid: child.pid });
    expect(requests).toEqual([
      expect.objectContaining({ requestId: 'the-culprit', method: 'GET', path: '/hang', route: '/hang' }),
    ]);
    expect(stack[0]).toMatch(/^hang \(test\/process\/watched-program\.ts:\d+\)$/);
    expect(line).not.toContain('secret');
  });

  test('says nothing of an event loop that turns', async () => {
    const { child, seen } = start(process.execPath, [program, 'turn']);
    expect(await new Promise((resolve) => child.once('exit', resolve))).toBe(0);
    expect(seen.output).toBe('');
  });

  test('ends a process that hangs when the one that started it is gone', async () => {
    const { child, seen } = start('/bin/sh', [
      '-c',
      '"$@" & echo $!; sleep 2',
      'sh',
      process.execPath,
      program,
      'orphan',
    ]);
    const pid = Number(await until('its id', () => /^\d+/.exec(seen.output)?.[0]));
    expect(isAlive(pid)).toBe(true);
    await new Promise((resolve) => child.once('exit', resolve));
    await until('its end', () => (isAlive(pid) ? undefined : true));
  });
});
