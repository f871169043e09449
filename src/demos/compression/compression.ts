import type { Demo } from '../demo.ts';
import { compareRoute } from './compare.ts';
import { negotiateRoute } from './negotiate.ts';

export const compression = {
  id: 'compression',
  title: 'Compression',
  summary: 'What each encoding saves and costs, and what a client gets of it.',
  teaches:
    'Compression buys bytes on the wire with CPU time. Which level is worth it depends on how often the result is sent; ' +
    'what is small, or compressed already, is better left alone.',
  lookFor: 'percentOfOriginal against cpuMs, and where the last levels of each encoding stop being worth it.',
  practices: ['5.3'],
  routes: [compareRoute, negotiateRoute],
} satisfies Demo;
