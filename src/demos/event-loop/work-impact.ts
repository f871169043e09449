/** What some CPU work did to others, in the same figures wherever the work ran. */
import { z } from 'zod';
import { count, ms, percent } from '../kit/answer/units.ts';
import type { Lesson } from '../kit/demo.ts';

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

/** @param where how and where the work ran: "in one go on the event loop" */
export function concludeImpact(where: string, impact: Impact): Lesson {
  const { workMs, timerTicks, timerExpectedTicks, timerMaxDelayMs } = impact;
  const { healthCompleted, healthSlowestMs, healthQuietMs } = impact;
  const share = healthSlowestMs / workMs;
  const verdict =
    share > 0.7
      ? healthCompleted === 0
        ? 'Every request waited until the work finished.'
        : 'The slowest check waited for most of the work.'
      : share > 0.3
        ? `The slowest check took ${percent(share)} as long as the work.`
        : `Others kept running: the slowest check took only ${percent(share)} as long as the work.`;
  return {
    headline:
      share > 0.7
        ? `A health check waited ${ms(healthSlowestMs)} for the work to finish`
        : `The slowest health check took ${ms(healthSlowestMs)} during ${ms(workMs)} of work`,
    text:
      `The work took ${ms(workMs)} ${where}. A 5 ms timer ticked ${timerTicks} of ` +
      `${count(timerExpectedTicks, 'time')} and was up to ${ms(timerMaxDelayMs)} late. ` +
      `${count(healthCompleted, 'health check')} completed before the work did; the slowest took ` +
      `${ms(healthSlowestMs)}, compared with ${ms(healthQuietMs)} without the work. ${verdict}`,
  };
}
