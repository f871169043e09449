import { get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Ledger } from './ledger.ts';
import { BOUNDS, monotonicMs, type Order } from './order.ts';

const EVERY_MS = 50;

/** Clients that take a large answer at so many bytes a second each, and leave when the time is over. */
export async function readSlowly({ url, load, seconds }: Order, ledger: Ledger): Promise<void> {
  if (load.model !== 'readers') throw new Error('these are no readers');
  const { readers, bytesPerSecond, shot } = load;
  const until = monotonicMs() + seconds * 1000;
  await Promise.all(
    Array.from({ length: Math.min(readers, BOUNDS.connections) }, async () => {
      const startedAt = monotonicMs();
      const { status, firstByteMs } = await readOne(url, { ...shot.headers }, bytesPerSecond, until);
      ledger.note(startedAt, firstByteMs, status);
    }),
  );
}

/** Latency is that of the first byte: how long the whole takes is up to the reader. */
function readOne(url: string, headers: Record<string, string>, bytesPerSecond: number, until: number) {
  const startedAt = monotonicMs();
  return new Promise<{ status: number; firstByteMs: number }>((resolve) => {
    let begun = false;
    const req = get(url, { headers, agent: false }, (res) => {
      begun = true;
      void (async () => {
        const firstByteMs = monotonicMs() - startedAt;
        let taken = 0;
        res.on('error', () => undefined);
        res.on('data', (chunk: Buffer) => {
          taken += chunk.length;
          res.pause();
        });
        while (monotonicMs() < until && !res.destroyed) {
          if (taken < ((monotonicMs() - startedAt) * bytesPerSecond) / 1000) res.resume();
          await sleep(EVERY_MS);
        }
        // One that was cut before the time is over has failed.
        const status = !res.complete && monotonicMs() < until ? 0 : (res.statusCode ?? 0);
        res.destroy();
        resolve({ status, firstByteMs });
      })();
    });
    setTimeout(
      () => {
        if (!begun) req.destroy();
      },
      Math.max(0, until - startedAt),
    );
    req.on('error', () => resolve({ status: 0, firstByteMs: monotonicMs() - startedAt }));
  });
}
