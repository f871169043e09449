import { Problem } from '../../http/problem.ts';
import { ms } from './answer/units.ts';

/** How long one request may keep others waiting, in milliseconds. Only a route marked as dangerous may take longer. */
const limits = {
  /** One callback on the event loop: this worker serves no request during it. */
  'block the event loop': 1_000,
  /** libuv's pool: every file access of this worker waits. */
  'fill the thread pool': 5_000,
  /** In total. */
  run: 10_000,
} as const;

/**
 * Bounds what several parameters cost together, by an estimate for this machine. A bound of each alone would not: the
 * largest values together could take minutes.
 *
 * @param estimatedMs how long the work takes on this machine
 * @param names the parameters that decide it
 * @throws {Problem} `invalid-input` if that is too long
 */
export function rejectLongWork(
  effect: keyof typeof limits,
  estimatedMs: number,
  names: readonly string[],
): void {
  const limitMs = limits[effect];
  if (estimatedMs <= limitMs) return;
  const message = `would ${effect} for about ${ms(estimatedMs)} on this machine; at most ${ms(limitMs)} is allowed`;
  throw new Problem('invalid-input', {
    detail: `${names.join(' and ')} ${message}`,
    errors: names.map((name) => ({ in: 'query', name, message })),
  });
}
