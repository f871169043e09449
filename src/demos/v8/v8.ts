import type { Demo } from '../kit/demo.ts';
import { gc } from './gc.ts';
import { heap } from './heap.ts';
import { shapes } from './shapes.ts';
import { tiersRoute } from './tiers.ts';

export const v8 = {
  id: 'v8',
  title: 'V8',
  summary:
    'Where objects live in memory, what collecting them costs, why their shape matters, and how code is optimized.',
  teaches:
    'V8 divides the heap into spaces by the age and size of objects. Much of garbage collection runs concurrently, ' +
    'but parts of it pause every request. Property access is fast if the objects at one place in the code have few shapes.',
  lookFor:
    'In `heap`, `grewMost` names the space that grew most. In `gc`, `longestPauseMs` is the longest pause. In `shapes`, ' +
    '`timesSlower` compares many shapes with one. In `tiers`, `nsPerCall` falls with each tier.',
  terms: [
    'generational garbage collection',
    'scavenge',
    'mark-compact',
    'large object space',
    'off-heap memory',
    'hidden class',
    'inline cache',
    'megamorphic',
    'Ignition, Sparkplug, Maglev, TurboFan',
    'deoptimization',
  ],
  readMore: [
    { title: 'Trash talk: the Orinoco garbage collector', url: 'https://v8.dev/blog/trash-talk' },
    { title: 'Maglev, and the tiers below and above it', url: 'https://v8.dev/blog/maglev' },
    { title: 'Fast properties in V8', url: 'https://v8.dev/blog/fast-properties' },
    {
      title: 'Understanding and tuning memory',
      url: 'https://nodejs.org/en/learn/diagnostics/memory/understanding-and-tuning-memory',
    },
    { title: 'v8.getHeapSpaceStatistics', url: 'https://nodejs.org/api/v8.html#v8getheapspacestatistics' },
  ],
  practices: ['5.10'],
  routes: [heap, gc, shapes, tiersRoute],
} satisfies Demo;
