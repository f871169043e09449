import { get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { monotonicMs } from '../../../src/demos/kit/measure/monotonic.ts';
import { LIMITS, type LoadSpec } from './load-spec.ts';
import type { Recorder } from './recorder.ts';

const READ_INTERVAL_MS = 50;

/** Starts clients that each read one large response at a limited rate, and disconnects them at the end. */
export async function readSlowly({ url, load, seconds }: LoadSpec, recorder: Recorder): Promise<void> {
  if (load.model !== 'readers') throw new Error('not a load of slow readers');
  const { readers, bytesPerSecond, request } = load;
  const endsAt = monotonicMs() + seconds * 1000;
  await Promise.all(
    Array.from({ length: Math.min(readers, LIMITS.connections) }, async () => {
      const sentAt = monotonicMs();
      const { status, firstByteMs } = await readOne(url, { ...request.headers }, bytesPerSecond, endsAt);
      recorder.record(sentAt, firstByteMs, status);
    }),
  );
}

/** Latency is the time to the first byte: the rest depends on the reader. */
function readOne(url: string, headers: Record<string, string>, bytesPerSecond: number, endsAt: number) {
  const sentAt = monotonicMs();
  return new Promise<{ status: number; firstByteMs: number }>((resolve) => {
    let responded = false;
    const req = get(url, { headers, agent: false }, (res) => {
      responded = true;
      void (async () => {
        const firstByteMs = monotonicMs() - sentAt;
        let received = 0;
        res.on('error', () => undefined);
        res.on('data', (chunk: Buffer) => {
          received += chunk.length;
          res.pause();
        });
        while (monotonicMs() < endsAt && !res.destroyed) {
          if (received < ((monotonicMs() - sentAt) * bytesPerSecond) / 1000) res.resume();
          await sleep(READ_INTERVAL_MS);
        }
        // A response that was aborted before the end of the load has failed.
        const status = !res.complete && monotonicMs() < endsAt ? 0 : (res.statusCode ?? 0);
        res.destroy();
        resolve({ status, firstByteMs });
      })();
    });
    setTimeout(
      () => {
        if (!responded) req.destroy();
      },
      Math.max(0, endsAt - sentAt),
    );
    req.on('error', () => resolve({ status: 0, firstByteMs: monotonicMs() - sentAt }));
  });
}
