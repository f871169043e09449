/** What some CPU work did to others, in the same figures wherever the work ran. */
import { z } from 'zod';
import { count, ms } from '../kit/answer/units.ts';
import { wholeNumber, type Lesson } from '../kit/demo.ts';
import { judgeDelay, type DelayVerdict } from '../kit/measure/delay.ts';

export const impactSchema = z.strictObject({
  limit: z.number().describe('Primes below this were counted'),
  primes: z.number(),
  workMs: z.number().describe('From the start of the work to its end'),
  timerTicks: z.number().describe('Ticks of a 5 ms timer during the work'),
  timerExpectedTicks: z.number().describe('Ticks that were due'),
  timerMaxDelayMs: z.number().describe('The longest delay of a tick'),
  healthCompleted: z.number().describe('Health checks that completed during the work'),
  healthSlowestMs: z.number().describe('Duration of the slowest health check'),
  healthQuietMs: z.number().describe('Duration of a health check without the work'),
});
export type Impact = z.infer<typeof impactSchema>;

/** The query parameter `ms` of all routes that do this work. */
export const msParameter = wholeNumber('Approximate duration of the work in milliseconds', {
  min: 20,
  max: 1_000,
  default: 300,
});

/**
 * Judges what a bystander waited, not its share of the work: if the work is longer, the same wait is as bad.
 *
 * @param where how and where the work ran: "in one go on the event loop"
 * @param longestCallbackMs the longest time that the work let no other callback run; undefined if it ran elsewhere
 */
export function concludeImpact(where: string, impact: Impact, longestCallbackMs?: number): Lesson {
  const { workMs, timerTicks, timerExpectedTicks, timerMaxDelayMs } = impact;
  const { healthCompleted, healthSlowestMs, healthQuietMs } = impact;
  const waitedMs = Math.max(0, healthSlowestMs - healthQuietMs);
  const callbacks =
    longestCallbackMs === undefined ? 0 : Math.round(waitedMs / Math.max(longestCallbackMs, 0.001));
  const slices =
    callbacks < 2
      ? ''
      : ` It waited about as long as ${callbacks} slices: a request needs several callbacks (accept, read, respond), and ` +
        'each may wait for a slice.';
  const idle = `${ms(healthSlowestMs)}, compared with ${ms(healthQuietMs)} on an idle event loop`;
  return {
    headline: headlines[judgeDelay(waitedMs)](impact),
    text:
      `The slowest health check took ${idle}; ${count(healthCompleted, 'check')} completed before the work did.` +
      `${slices} The work took ${ms(workMs)} ${where}. A 5 ms timer ticked ${timerTicks} of ` +
      `${count(timerExpectedTicks, 'time')} and was up to ${ms(timerMaxDelayMs)} late.`,
  };
}

const headlines: Readonly<Record<DelayVerdict, (impact: Impact) => string>> = {
  good: ({ healthSlowestMs }) => `Others kept running: the slowest health check took ${ms(healthSlowestMs)}`,
  acceptable: ({ healthSlowestMs }) =>
    `The slowest health check took ${ms(healthSlowestMs)}, an acceptable delay`,
  felt: ({ healthSlowestMs }) => `The slowest health check took ${ms(healthSlowestMs)}: clients feel that`,
  blocked: ({ healthSlowestMs, workMs }) =>
    `Blocked: a health check took ${ms(healthSlowestMs)} during ${ms(workMs)} of work`,
};
