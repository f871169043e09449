import type { Demo } from '../demo.ts';
import { blocking } from './block.ts';
import { order } from './order.ts';
import { phases } from './phases.ts';
import { starve } from './starve.ts';

export const eventLoop = {
  id: 'event-loop',
  title: 'The event loop',
  summary: 'In which order callbacks run, what keeps the loop from turning, and what others feel of it.',
  teaches:
    'One thread runs all JavaScript of a process, one callback at a time, in phases: timers, poll, check, close. Between ' +
    'two callbacks it empties the queues of nextTick and microtasks. Whatever holds it, holds everyone.',
  lookFor:
    'The recorded orders and turns; readMs, timerMaxDelayMs and healthSlowestMs in the contrasting routes.',
  practices: ['7.1'],
  routes: [order, phases, starve, ...blocking],
} satisfies Demo;
