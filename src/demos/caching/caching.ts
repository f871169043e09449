import type { Demo } from '../kit/demo.ts';
import { lookup } from './lookup.ts';
import { stampede } from './stampede.ts';

export const caching = {
  id: 'caching',
  title: 'Caching',
  summary: 'Caches a slow value, and lets many callers request a missing one at the same time.',
  teaches:
    'A cache needs a bound on its size and on the age of its entries. It also needs single flight: otherwise every caller ' +
    'that finds a popular key expired computes it again.',
  lookFor: '`tookMs` against `computedMs` in two lookups of one key; `computations` in stampede.',
  terms: [
    'cache stampede',
    'thundering herd',
    'single flight',
    'request coalescing',
    'LRU eviction',
    'time to live',
    'memoization',
  ],
  readMore: [
    { title: 'RFC 9111: HTTP caching', url: 'https://www.rfc-editor.org/rfc/rfc9111' },
    { title: 'RFC 5861: stale-while-revalidate', url: 'https://www.rfc-editor.org/rfc/rfc5861' },
  ],
  practices: [],
  routes: [lookup, stampede],
} satisfies Demo;
