/** A worker that becomes ready; with the argument "first" it reports that its port is in use, and exits a second later. */
import process from 'node:process';
import { exitCodes } from '../../src/supervision/exit-codes.ts';
import { pack, unpack, type FromPrimary } from '../../src/supervision/messages.ts';

if (process.argv.includes('first')) {
  process.send?.(pack({ type: 'start-failed', reason: 'port in use', exitCode: exitCodes.unavailable.code }));
  setTimeout(() => process.disconnect(), 1_000);
} else {
  process.send?.(pack({ type: 'ready', address: process.env['PORT'] ?? '' }));
  process.on('message', (received) => {
    if (unpack<FromPrimary>(received)?.type === 'drain') process.exit();
  });
}
