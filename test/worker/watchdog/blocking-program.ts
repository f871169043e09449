/** Watches its own event loop, which blocks during a request ("block", "orphan") or stays responsive ("idle"). */
import process from 'node:process';
import { pino } from 'pino';
import { InFlightBoard } from '../../../src/http/in-flight-board.ts';
import { startWatchdog } from '../../../src/worker/watchdog/watchdog.ts';

const [role] = process.argv.slice(2);

const board = new InFlightBoard();
board.setRoute(board.begin('blocking-request', 'GET', '/block?secret=1'), board.registerRoute('/block'));
const log = pino({ base: { name: 'watched', pid: process.pid } }, { write: () => undefined });
startWatchdog({
  board,
  log,
  terminal: undefined,
  heartbeatTimeoutMs: 3_000, // leaves time to find the stack on a busy machine
  shutdownTimeoutMs: 1_000,
  clustered: role === 'orphan',
});
if (role === 'idle') setTimeout(() => undefined, 4_000);
else setTimeout(block, 500); // when the watchdog thread runs

function block(): void {
  const end = Date.now() + 60_000; // longer than a test waits for its exit
  const never = new Int32Array(new SharedArrayBuffer(4));
  while (Date.now() < end) Atomics.wait(never, 0, 0, 1); // blocks without using a CPU
}
