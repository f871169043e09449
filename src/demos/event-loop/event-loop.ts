import type { Demo } from '../kit/demo.ts';
import { block } from './block.ts';
import { diagnoseRoute } from './diagnose.ts';
import { json } from './json.ts';
import { offload } from './offload.ts';
import { order } from './order.ts';
import { phases } from './phases.ts';
import { starve } from './starve.ts';
import { yieldBetweenSlices } from './yield.ts';

export const eventLoop = {
  id: 'event-loop',
  title: 'The event loop',
  summary:
    'Shows the order in which callbacks run, what starves or blocks the loop, and how long others wait.',
  teaches:
    'Each thread runs its JavaScript on one event loop, one callback at a time. The loop cycles through phases, of which ' +
    'timers, poll, check and close run most callbacks. After each callback Node.js empties the nextTick and microtask ' +
    'queues. A callback that runs long delays every other callback of its thread.',
  lookFor:
    '`order` and `phases` record the order in which callbacks ran. In `starve`, compare `readMs` and `timerMaxDelayMs` of ' +
    'each way; in `block`, `yield`, `offload` and `json`, compare `healthSlowestMs`.',
  terms: [
    'event-loop blocking',
    'event-loop lag',
    'I/O starvation',
    'poll phase',
    'check phase',
    'microtask queue',
    'setImmediate vs setTimeout',
    'cooperative scheduling',
  ],
  readMore: [
    {
      title: 'The Node.js event loop',
      url: 'https://nodejs.org/en/learn/asynchronous-work/event-loop-timers-and-nexttick',
    },
    {
      title: "Don't block the event loop",
      url: 'https://nodejs.org/en/learn/asynchronous-work/dont-block-the-event-loop',
    },
    { title: 'The I/O loop of libuv', url: 'https://docs.libuv.org/en/v1.x/design.html#the-i-o-loop' },
  ],
  practices: ['7.1'],
  routes: [order, phases, starve, block, yieldBetweenSlices, offload, json, diagnoseRoute],
} satisfies Demo;
