/** The program that makes a load: a process of its own, so that neither load nor measuring disturbs the other. */
import process from 'node:process';
import { shootClosed } from './closed.ts';
import { Ledger } from './ledger.ts';
import { shootOpen } from './open.ts';
import type { FromShooter, Order } from './order.ts';
import { readSlowly } from './readers.ts';

const TELL_EVERY_MS = 500;
const models = { closed: shootClosed, open: shootOpen, readers: readSlowly };

process.on('message', (order: Order) => void shoot(order));
process.once('disconnect', () => process.exit(0));
// Ctrl-C goes to the whole group: whoever started this process ends it when all is in order.
process.on('SIGINT', () => undefined);
tell({ type: 'ready' });

async function shoot(order: Order): Promise<void> {
  const ledger = new Ledger();
  const telling = setInterval(() => tell({ type: 'tick', ...ledger.tell() }), TELL_EVERY_MS);
  try {
    await models[order.load.model](order, ledger);
    tell({ type: 'account', account: ledger.account });
  } catch (error) {
    tell({ type: 'failed', reason: String(error) });
  } finally {
    clearInterval(telling);
  }
}

function tell(message: FromShooter): void {
  if (process.connected) process.send?.(message);
}
