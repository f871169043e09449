/** A delay up to here is good; the next limits are where clients feel it, and where they call it blocked. */
const GOOD_MS = 10;
const FELT_MS = 50;
const BLOCKED_MS = 100;

export type DelayVerdict = 'good' | 'acceptable' | 'felt' | 'blocked';

/**
 * Judges what a bystander waited by itself: a ratio to the length of the work would say that longer work is better.
 *
 * @param delayMs how much longer a request took than on an idle event loop
 */
export function judgeDelay(delayMs: number): DelayVerdict {
  if (delayMs <= GOOD_MS) return 'good';
  if (delayMs < FELT_MS) return 'acceptable';
  return delayMs < BLOCKED_MS ? 'felt' : 'blocked';
}
