import type { Demo } from '../kit/demo.ts';
import { cpu } from './cpu.ts';
import { heapSnapshot } from './heap-snapshot.ts';

export const profiling = {
  id: 'profiling',
  title: 'Profiling',
  summary: 'Finds out where the CPU time and memory of the running worker go.',
  teaches:
    'Any Node.js process can profile itself through node:inspector. Sampling costs little, but starting and stopping ' +
    'the CPU profiler blocks the event loop. A heap snapshot blocks it for longer, the larger the heap is.',
  lookFor:
    'In `cpu`, compare `selfMs` with `clockMs`, and `startAndStopMs` with `elapsedMs`. In `heap-snapshot`, ' +
    '`eventLoopMaxDelayMs` is how long other requests had to wait.',
  terms: [
    'sampling profiler',
    'self time',
    'call tree',
    'flame graph',
    'heap snapshot',
    'heap dump',
    'retained size',
  ],
  readMore: [
    { title: 'Profiling Node.js applications', url: 'https://nodejs.org/en/learn/getting-started/profiling' },
    { title: 'inspector: CPU profiler', url: 'https://nodejs.org/api/inspector.html#cpu-profiler' },
    {
      title: 'Using heap snapshots',
      url: 'https://nodejs.org/en/learn/diagnostics/memory/using-heap-snapshot',
    },
    { title: 'v8.getHeapSnapshot', url: 'https://nodejs.org/api/v8.html#v8getheapsnapshotoptions' },
  ],
  practices: ['5.10'],
  routes: [cpu, heapSnapshot],
} satisfies Demo;
