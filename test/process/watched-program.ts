/** A program for tests: it serves a request for ever, watched; its event loop hangs, or turns for a while. */
import process from 'node:process';
import { pino } from 'pino';
import { RequestBoard } from '../../src/process/request-board.ts';
import { startWatchdog } from '../../src/process/watchdog.ts';

const [role] = process.argv.slice(2);

const board = new RequestBoard();
board.nameRoute(board.begin('the-culprit', 'GET', '/hang?secret=1'), board.registerRoute('/hang'));
const log = pino({ base: { name: 'watched', pid: process.pid } }, { write: () => undefined });
startWatchdog({
  board,
  log,
  heartbeatTimeoutMs: 3_000, // a fifth of it is the time to find the stack, on a busy machine as well
  shutdownTimeoutMs: 1_000,
  clustered: role === 'orphan',
});
if (role === 'turn') setTimeout(() => undefined, 4_000);
// So that the watchdog is there before this thread hangs.
else setTimeout(hang, 500);

function hang(): void {
  const end = Date.now() + 60_000; // longer than a test waits for its end
  const never = new Int32Array(new SharedArrayBuffer(4));
  while (Date.now() < end) Atomics.wait(never, 0, 0, 1); // hangs, and leaves the cores to others
}
