/** A worker that becomes ready only when it is asked to drain. */
import process from 'node:process';
import { pack } from '../../src/supervision/messages.ts';

process.once('message', () => {
  process.send?.(pack({ type: 'ready', address: 'http://127.0.0.1:1' }));
  setTimeout(() => process.exit(0), 100);
});
