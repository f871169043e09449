import type { Demo } from '../kit/demo.ts';
import { leak } from './leak.ts';

export const memory = {
  id: 'memory',
  title: 'Memory leaks',
  summary: 'What keeps memory from being collected, how to find it, and how to repair it.',
  teaches:
    'The garbage collector frees what is unreachable. A leak is not a fault of the collector: something that lives long, such ' +
    'as a module variable, an emitter, a timer or a cache, still refers to what should be gone.',
  lookFor:
    'In `leak`, `grew` lists the constructors that grew with the requests, `path` what holds them, and `finalized` how ' +
    'many were collected before and after the repair.',
  terms: [
    'heap snapshot comparison',
    'retainers',
    'retained size',
    'reachability',
    'FinalizationRegistry',
    'WeakMap',
    'least recently used (LRU)',
  ],
  readMore: [
    {
      title: 'Using heap snapshots',
      url: 'https://nodejs.org/en/learn/diagnostics/memory/using-heap-snapshot',
    },
    { title: 'v8.getHeapSnapshot', url: 'https://nodejs.org/api/v8.html#v8getheapsnapshotoptions' },
    {
      title: 'Avoiding memory leaks of emitters',
      url: 'https://nodejs.org/api/events.html#emittersetmaxlistenersn',
    },
  ],
  practices: [],
  routes: [leak],
} satisfies Demo;
