/** A worker that becomes ready, unless it is the first: to that its port is taken, and it is slow to end. */
import process from 'node:process';
import { ExitCode, pack, unpack, type FromPrimary } from '../../src/cluster/messages.ts';

if (process.argv.includes('first')) {
  process.send?.(pack({ type: 'start-failed', reason: 'taken', exitCode: ExitCode.cannotListen }));
  setTimeout(() => process.disconnect(), 1_000);
} else {
  process.send?.(pack({ type: 'ready', address: process.env['PORT'] ?? '' }));
  process.on('message', (received) => {
    if (unpack<FromPrimary>(received)?.type === 'drain') process.exit();
  });
}
