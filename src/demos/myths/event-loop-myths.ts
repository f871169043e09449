/** Sentences about the order in which code runs. */
import { stat } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { count, ms } from '../kit/answer/units.ts';
import { refutedIf, type Myth } from './myth.ts';

const WAIT_MS = 20;
const WAITS = 3;
const BUSY_MS = 20;
const ROUNDS = 20;

export const eventLoopMyths: readonly Myth[] = [
  {
    sentence: 'await makes code faster',
    demo: 'non-blocking/together',
    async test({ signal }) {
      const wait = () => sleep(WAIT_MS, undefined, { signal });
      const startedAt = performance.now();
      for (let number = 0; number < WAITS; number += 1) await wait();
      const inTurnMs = performance.now() - startedAt;
      await Promise.all(Array.from({ length: WAITS }, wait));
      const togetherMs = performance.now() - startedAt - inTurnMs;
      return refutedIf(
        inTurnMs > 1.5 * togetherMs,
        `${count(WAITS, 'wait')} took ${ms(inTurnMs)} with an await for each, and ${ms(togetherMs)} with one for all.`,
      );
    },
  },
  {
    sentence: 'An async function runs in the background',
    demo: 'event-loop/block?ms=300',
    async test() {
      const startedAt = performance.now();
      const running = compute();
      const returnedMs = performance.now() - startedAt;
      await running;
      return refutedIf(
        returnedMs >= BUSY_MS,
        `The call of an async function that computes for ${ms(BUSY_MS)} returned after ${ms(returnedMs)}.`,
      );
    },
  },
  {
    sentence: 'setTimeout(0) comes before setImmediate',
    demo: 'event-loop/order?from=io',
    async test() {
      let immediateFirst = 0;
      for (let round = 0; round < ROUNDS; round += 1)
        immediateFirst += (await firstAfterIo()) === 'immediate' ? 1 : 0;
      return refutedIf(
        immediateFirst > 0,
        `After I/O, setImmediate ran first in ${immediateFirst} of ${count(ROUNDS, 'round')}.`,
      );
    },
  },
  {
    sentence: 'Microtasks run after each phase of the event loop',
    demo: 'event-loop/phases',
    async test() {
      const order = await orderInTimersPhase();
      return refutedIf(
        order.indexOf('microtask') < order.indexOf('timer 2'),
        `Two timers of the same phase and a microtask of the first ran as ${order.join(', ')}.`,
      );
    },
  },
];

async function compute(): Promise<void> {
  for (const end = performance.now() + BUSY_MS; performance.now() < end;);
}

function firstAfterIo(): Promise<'timeout' | 'immediate'> {
  return new Promise((resolve) => {
    stat('/', () => {
      setTimeout(() => resolve('timeout'), 0);
      setImmediate(() => resolve('immediate'));
    });
  });
}

function orderInTimersPhase(): Promise<string[]> {
  const order: string[] = [];
  return new Promise((resolve) => {
    setTimeout(() => {
      order.push('timer 1');
      queueMicrotask(() => order.push('microtask'));
    }, 1);
    setTimeout(() => {
      order.push('timer 2');
      setImmediate(() => resolve(order));
    }, 1);
    for (const end = performance.now() + 3; performance.now() < end;); // so that both are due at once
  });
}
