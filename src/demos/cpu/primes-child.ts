/** A child that counts primes: those of its argument, printed as JSON; or, with a channel, those of every message. */
import process from 'node:process';
import { answerPrimes } from '../work/answer-primes.ts';

if (process.send === undefined) {
  process.stdout.write(JSON.stringify(answerPrimes(Number(process.argv[2]))));
} else {
  process.on('message', (limit) => process.send?.(answerPrimes(Number(limit))));
  // Where the parent is gone, nobody asks any more.
  process.once('disconnect', () => process.exit(0));
}
