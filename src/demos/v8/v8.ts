import type { Demo } from '../demo.ts';
import { gc } from './gc.ts';
import { heap } from './heap.ts';
import { shapes } from './shapes.ts';

export const v8 = {
  id: 'v8',
  title: 'V8',
  summary: 'The engine underneath: where objects live, what their end costs, and why their shape matters.',
  teaches:
    'Memory is divided into spaces by age and size, garbage is collected in pauses that every request feels, and code is ' +
    'fast where the objects it meets look alike.',
  lookFor: 'grewMost in heap, longestPauseMs in gc, timesSlower in shapes.',
  practices: ['5.10'],
  routes: [heap, gc, shapes],
} satisfies Demo;
