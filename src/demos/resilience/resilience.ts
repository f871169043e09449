import type { Demo } from '../kit/demo.ts';
import { retryRoute } from './retry.ts';
import { slowDependency } from './slow-dependency.ts';

export const resilience = {
  id: 'resilience',
  title: 'Resilience',
  summary: 'What retries do to a server that recovers, and what one slow dependency does to its callers.',
  teaches:
    'A dependency that fails or hangs must not take its callers with it. A retry waits, for a random time; a timeout bounds ' +
    'a call, a bulkhead the calls in flight, and a circuit breaker stops calling what does not respond.',
  lookFor:
    'In `retry`, `slots` shows the requests that arrive after the outage. In `slow-dependency`, `healthy.p99Ms` shows who pays.',
  terms: [
    'exponential backoff and jitter',
    'retry storm',
    'thundering herd',
    'circuit breaker',
    'bulkhead',
    'timeout',
    'cascading failure',
  ],
  readMore: [
    {
      title: 'Exponential backoff and jitter',
      url: 'https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/',
    },
    { title: 'cockatiel', url: 'https://github.com/connor4312/cockatiel' },
    {
      title: 'Timeouts, retries and backoff with jitter',
      url: 'https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/',
    },
  ],
  practices: [],
  routes: [retryRoute, slowDependency],
} satisfies Demo;
