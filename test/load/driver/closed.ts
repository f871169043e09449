import autocannon from 'autocannon';
import { monotonicMs } from '../../../src/demos/kit/measure/monotonic.ts';
import { LIMITS, type LoadSpec } from './load-spec.ts';
import type { Recorder } from './recorder.ts';

/** Keeps a number of connections busy: each sends its next request after the previous response. */
export async function runClosed({ url, load, seconds }: LoadSpec, recorder: Recorder): Promise<void> {
  if (load.model !== 'closed') throw new Error('not a closed load');
  const { connections, request } = load;
  await new Promise<void>((resolve, reject) => {
    const run = autocannon(
      {
        url,
        connections: Math.min(connections, LIMITS.connections),
        duration: seconds,
        headers: { ...request.headers },
        ...(request.body === undefined ? {} : { method: 'POST', body: request.body }),
      },
      (error: Error | null) => (error === null ? resolve() : reject(error)),
    );
    run.on('response', (_client, status, _bytes, ms) => recorder.record(monotonicMs() - ms, ms, status));
    run.on('reqError', () => recorder.record(monotonicMs(), 0, 0));
  });
}
