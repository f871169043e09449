/** A worker that becomes ready just as it is told to stop. */
import process from 'node:process';
import { pack } from '../../src/cluster/messages.ts';

process.once('message', () => {
  process.send?.(pack({ type: 'ready', address: 'http://127.0.0.1:1' }));
  setTimeout(() => process.exit(0), 100);
});
