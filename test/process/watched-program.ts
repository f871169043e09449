/** A program for tests: `child` starts a child and dies; `hang` serves a request for ever, watched. */
import { spawn } from 'node:child_process';
import process from 'node:process';
import { pino } from 'pino';
import { ChildGroups } from '../../src/process/child-groups.ts';
import { RequestBoard } from '../../src/process/request-board.ts';
import { Watchdog } from '../../src/process/watchdog.ts';

const [role] = process.argv.slice(2);

if (role === 'child') {
  const groups = new ChildGroups();
  const ended = spawn('sleep', ['0.1'], { detached: true, stdio: 'ignore' });
  groups.started(-(ended.pid ?? 0));
  ended.once('close', () => {
    groups.ended(-(ended.pid ?? 0));
    const pids = [
      spawn('sleep', ['600'], { detached: true, stdio: 'ignore' }),
      spawn('sleep', ['600'], { stdio: 'ignore' }),
    ].map((child, index) => {
      groups.started(index === 0 ? -(child.pid ?? 0) : (child.pid ?? 0));
      return child.pid;
    });
    process.stdout.write(`${pids.join(' ')}\n`, () => process.kill(process.pid, 'SIGKILL'));
  });
} else {
  const board = new RequestBoard();
  board.nameRoute(board.begin('the-culprit', 'GET', '/hang?secret=1'), board.registerRoute('/hang'));
  const log = pino({ base: { name: 'watched', pid: process.pid } }, { write: () => undefined });
  new Watchdog({
    board,
    log,
    heartbeatTimeoutMs: 1_000,
    shutdownTimeoutMs: 1_000,
    clustered: role === 'orphan',
  });
  // So that the watchdog is there before this thread hangs.
  setTimeout(hang, 500);
}

function hang(): void {
  const end = Date.now() + 20_000;
  while (Date.now() < end);
}
