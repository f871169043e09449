import type { Prepared } from '../request/prepared-request.ts';
import { sendRequest } from '../request/send-request.ts';
import { isEvidence } from '../response/evidence.ts';
import type { Sample } from './sample.ts';

/** Browsers open six connections per host; the live stream uses one of them, and a run may use another. */
export const MAX_CONCURRENT = 4;

export interface Load {
  /** Per second. */
  readonly rate: number;
  /** Infinity: until the signal aborts. */
  readonly durationMs: number;
}

/**
 * Sends requests when they are due, whether or not earlier ones have finished, up to `MAX_CONCURRENT`. What is still due
 * after twice the duration is not sent.
 *
 * @returns how many requests were due and not sent, since all connections were busy
 */
export async function sendLoad(
  request: Prepared,
  { rate, durationMs }: Load,
  signal: AbortSignal,
  onSample: (sample: Sample) => void,
): Promise<number> {
  const startedAt = performance.now();
  const total = Math.floor((rate * durationMs) / 1000);
  let next = 0;
  let sent = 0;
  const isOver = () => signal.aborted || performance.now() - startedAt > durationMs * 2;
  const sendInTurn = async () => {
    while (next < total && !isOver()) {
      const due = startedAt + (next * 1000) / rate;
      next += 1;
      const wait = due - performance.now();
      if (wait > 0) await sleep(wait, signal);
      if (isOver()) return;
      sent += 1;
      const waitedMs = Math.max(0, performance.now() - due);
      const { progress, failure, canceled, json } = await sendRequest(request, signal);
      if (canceled) return;
      const status = progress?.status ?? 0;
      const shed = status === 503 || status === 429;
      onSample({
        atMs: due - startedAt,
        tookMs: performance.now() - due,
        waitedMs,
        outcome: shed ? 'shed' : failure !== undefined || status >= 500 ? 'failed' : 'answered',
        worker: isEvidence(json) ? json.ranOn.worker : undefined,
      });
    }
  };
  await Promise.all(Array.from({ length: MAX_CONCURRENT }, sendInTurn));
  const due = Math.min(total, Math.floor(((performance.now() - startedAt) * rate) / 1000));
  return Math.max(0, due - sent);
}

/** Ends early when the signal aborts. */
export function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end);
  });
}
