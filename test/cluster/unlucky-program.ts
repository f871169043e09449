/** A worker that becomes ready, unless it is the first: to that its port is taken. */
import process from 'node:process';
import { ExitCode, pack, unpack, type FromPrimary } from '../../src/cluster/messages.ts';

if (process.argv.includes('first')) {
  process.send?.(pack({ type: 'start-failed', reason: 'taken', exitCode: ExitCode.cannotListen }));
  process.disconnect();
} else {
  process.send?.(pack({ type: 'ready', address: process.env['PORT'] ?? '' }));
  process.on('message', (received) => {
    if (unpack<FromPrimary>(received)?.type === 'drain') process.exit();
  });
}
