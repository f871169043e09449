import type { Demo } from '../demo.ts';
import { pbkdf2Waves } from './pbkdf2.ts';
import { size } from './size.ts';
import { starve } from './starve.ts';
import { whoUsesIt } from './who-uses-it.ts';

export const threadPool = {
  id: 'thread-pool',
  title: "libuv's thread pool",
  summary: 'What runs beside the event loop, on how many threads, and what waits for one.',
  teaches:
    'Asynchronous crypto, zlib, most of fs and dns.lookup do not run on the event loop but on the few threads of ' +
    "libuv's pool, four unless UV_THREADPOOL_SIZE says otherwise. More tasks than threads wait in a queue that all of " +
    'these share.',
  lookFor:
    'Compare queuedMs with ranMs: a task of the second wave waits about as long as one of the first runs.',
  practices: [],
  routes: [pbkdf2Waves, size, starve, whoUsesIt],
} satisfies Demo;
