import type { Demo } from '../kit/demo.ts';
import { pbkdf2 } from './pbkdf2.ts';
import { size } from './size.ts';
import { starve } from './starve.ts';
import { whoUsesIt } from './who-uses-it.ts';

export const threadPool = {
  id: 'thread-pool',
  title: "libuv's thread pool",
  summary: 'Shows which operations run on the pool, on how many threads, and what waits for a free one.',
  teaches:
    'Asynchronous crypto, zlib, dns.lookup and most of fs run on the threads of libuv, not on the event loop. The pool has ' +
    'four threads unless UV_THREADPOOL_SIZE is set. When all are busy, further tasks wait in a queue.',
  lookFor:
    'Compare `queuedMs` with `ranMs`: a task that finds no free thread waits until one of the running tasks ends.',
  terms: [
    'libuv',
    'thread pool',
    'UV_THREADPOOL_SIZE',
    'thread-pool exhaustion',
    'starvation',
    'getaddrinfo',
  ],
  readMore: [
    { title: 'Thread pool work scheduling (libuv)', url: 'https://docs.libuv.org/en/v1.x/threadpool.html' },
    { title: 'UV_THREADPOOL_SIZE', url: 'https://nodejs.org/api/cli.html#uv_threadpool_sizesize' },
    {
      title: 'dns.lookup and dns.resolve',
      url: 'https://nodejs.org/api/dns.html#implementation-considerations',
    },
    {
      title: "Don't block the event loop (or the worker pool)",
      url: 'https://nodejs.org/en/learn/asynchronous-work/dont-block-the-event-loop',
    },
  ],
  practices: ['7.1'],
  routes: [pbkdf2, size, starve, whoUsesIt],
} satisfies Demo;
