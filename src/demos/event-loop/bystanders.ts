import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { text } from 'node:stream/consumers';
import { EventLoopProbe, type LoopFelt } from '../evidence/event-loop-probe.ts';
import { ask, overLoopback } from '../evidence/loopback.ts';
import type { Timeline } from '../evidence/timeline.ts';

const PAUSE_MS = 5;
const LANE = 'health requests';

export interface Bystanders {
  readonly timer: LoopFelt;
  readonly health: {
    /** What a request takes when nothing else happens. */
    readonly quietMs: number;
    /** Requests that were answered while the work went on. */
    readonly answered: number;
    readonly slowestMs: number;
  };
}

/**
 * Does some work, and tells what a timer and a client of this process experienced meanwhile. The client asks for the
 * health of a private server in this process, again and again; a request is on its way when the work begins.
 */
export async function withBystanders<T>(
  work: () => Promise<T>,
  timeline: Timeline,
  signal: AbortSignal,
): Promise<{ value: T; bystanders: Bystanders }> {
  return overLoopback(
    (_req, res) => res.end('alive'),
    async (origin) => {
      const visit = async () => {
        const startedAt = performance.now();
        await text(await ask(`${origin}/livez`, signal));
        return performance.now() - startedAt;
      };
      await visit(); // the first one of a process is slower
      const quietMs = Math.min(await visit(), await visit());

      let working = true;
      let answered = 0;
      let slowestMs = 0;
      const keepAsking = async () => {
        do {
          const end = timeline.begin('request', LANE);
          slowestMs = Math.max(slowestMs, await visit());
          end();
          if (working) answered += 1;
          await sleep(PAUSE_MS);
        } while (working);
      };
      const asking = keepAsking();
      asking.catch(() => undefined); // heard below
      const probe = new EventLoopProbe();
      try {
        await new Promise((resolve) => setImmediate(resolve));
        const value = await work();
        working = false;
        const timer = probe.stop();
        await asking;
        return { value, bystanders: { timer, health: { quietMs, answered, slowestMs } } };
      } finally {
        working = false;
        probe.stop();
      }
    },
  );
}
