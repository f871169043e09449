import { performance } from 'node:perf_hooks';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { EventLoopProbe } from '../kit/measure/event-loop-probe.ts';
import { sendRequest, overLoopback } from '../kit/measure/loopback.ts';
import { toMicroseconds, type Timeline } from '../kit/measure/timeline.ts';
import type { Impact } from './work-impact.ts';

const PAUSE_MS = 5;

/** What a timer and a client of this process experienced. */
export type Bystanders = Omit<Impact, 'limit' | 'primes' | 'workMs'>;

/**
 * Runs some work while a timer ticks and a client polls the health check of a private server in this process. One request
 * is in flight when the work begins.
 */
export async function withBystanders<T>(
  work: () => Promise<T>,
  timeline: Timeline,
  signal: AbortSignal,
): Promise<{ value: T; bystanders: Bystanders }> {
  return overLoopback(
    (_req, res) => res.end('alive'),
    async (origin) => {
      const checkHealth = async () => {
        const startedAt = performance.now();
        await text(await sendRequest(`${origin}/livez`, { signal }));
        return performance.now() - startedAt;
      };
      await checkHealth(); // the first request of a process is slower
      const quietMs = Math.min(await checkHealth(), await checkHealth());

      let working = true;
      let completed = 0;
      let slowestMs = 0;
      const pollHealth = async () => {
        do {
          const end = timeline.begin('request', 'health requests');
          slowestMs = Math.max(slowestMs, await checkHealth());
          end();
          if (working) completed += 1;
          await sleep(PAUSE_MS);
        } while (working);
      };
      const polling = pollHealth();
      polling.catch(() => undefined); // awaited below; until then a rejection must not count as unhandled
      const probe = new EventLoopProbe();
      try {
        await new Promise((resolve) => setImmediate(resolve));
        const value = await work();
        working = false;
        const { ticks, expectedTicks, maxDelayMs } = probe.stop();
        await polling;
        return {
          value,
          bystanders: {
            timerTicks: ticks,
            timerExpectedTicks: expectedTicks,
            timerMaxDelayMs: maxDelayMs,
            healthCompleted: completed,
            healthSlowestMs: toMicroseconds(slowestMs),
            healthQuietMs: toMicroseconds(quietMs),
          },
        };
      } finally {
        working = false;
        probe.stop();
      }
    },
  );
}
