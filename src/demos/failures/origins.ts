/** One operational error from each place where errors come from: each reaches the central handler as one problem. */
import { EventEmitter, once } from 'node:events';
import { readFile } from 'node:fs';
import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { Problem } from '../../http/problem.ts';
import { rawRoute, type RawRoute } from '../demo.ts';

export const problemAnswer = {
  mediaType: 'application/problem+json',
  description: 'A problem; the log has the rest',
} as const;

interface Origin {
  readonly name: string;
  readonly summary: string;
  readonly teaches: string;
  readonly fail: () => Promise<unknown>;
}

const origins: readonly Origin[] = [
  {
    name: 'throw',
    summary: 'An operational error, thrown in an async handler, reaches the central handler.',
    teaches:
      'Express 5 passes a rejected handler on by itself: no wrapper, no try and catch in each handler.',
    async fail() {
      await sleep(1); // so that the error comes from an asynchronous part
      throw onPurpose('This was thrown on purpose, after an await.');
    },
  },
  {
    name: 'reject',
    summary: 'A promise is rejected; .catch adds what it knows and the central handler gets it.',
    teaches:
      'A .catch that only logs swallows the error: translate it, keep the first error as its cause, and rethrow.',
    fail: () =>
      Promise.reject(new Error('the lower layer failed')).catch((cause: unknown) => {
        throw onPurpose('A promise was rejected, and .catch translated the error.', cause);
      }),
  },
  {
    name: 'callback',
    summary: 'An error-first callback gets an error, which becomes a rejection and then a problem.',
    teaches:
      'A throw in a callback has no caller who could catch it: it is an uncaught exception. Pass the error on instead.',
    fail: () =>
      new Promise((resolve, reject) => {
        readFile(new URL('./no-such-file', import.meta.url), (error, content) => {
          if (error === null) resolve(content);
          else reject(onPurpose('The callback of readFile had an error as its first argument.', error));
        });
      }),
  },
  {
    name: 'emitter',
    summary: "An EventEmitter emits 'error'; its listener passes it to the central handler.",
    teaches:
      "An 'error' event without a listener is thrown where it was emitted. events.once listens for it while it waits.",
    async fail() {
      const emitter = new EventEmitter();
      setImmediate(() => emitter.emit('error', new Error('the emitter failed')));
      try {
        await once(emitter, 'ready');
      } catch (cause) {
        throw onPurpose("The emitter emitted 'error' where 'ready' was waited for.", cause);
      }
    },
  },
  {
    name: 'stream',
    summary: 'A stream fails half-way; pipeline ends the other streams and rejects once.',
    teaches:
      'pipe passes no error on, so each stream needs its own listener. pipeline ends them all and has one error.',
    async fail() {
      try {
        await pipeline(Readable.from(failHalfway()), discard());
      } catch (cause) {
        throw onPurpose('The source of a pipeline failed after its second chunk.', cause);
      }
    },
  },
];

export const originRoutes: readonly RawRoute[] = origins.map(({ name, summary, teaches, fail }) =>
  rawRoute({
    method: 'get',
    path: `/${name}`,
    summary,
    teaches,
    response: problemAnswer,
    examples: [{ title: 'A conflict', status: 409 }],
    contrasts: origins.filter((other) => other.name !== name).map((other) => `failures/${other.name}`),
    send: fail,
  }),
);

function onPurpose(detail: string, cause?: unknown): Problem {
  return new Problem('conflict', { detail, ...(cause === undefined ? {} : { cause }) });
}

function* failHalfway(): Generator<string> {
  yield 'first';
  yield 'second';
  throw new Error('the source failed');
}

function discard(): Writable {
  return new Writable({ write: (_chunk, _encoding, done) => done() });
}
