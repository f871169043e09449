/** Where the error of a request comes from, with the right and the wrong way to handle it. */
import { EventEmitter, once } from 'node:events';
import { readFile } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { conflict } from './error-response.ts';

/** Handles a request whose work fails. What it throws goes to the error handler. */
type Handler = (res: ServerResponse) => Promise<void>;

interface Origin {
  /** What the wrong way does: "The handler's promise is dropped". */
  readonly mistake: string;
  /** The message of the underlying error. */
  readonly cause: string;
  readonly right: Handler;
  readonly wrong: Handler;
}

const missing = new URL('./no-such-file', import.meta.url);

export type OriginName = 'throw' | 'reject' | 'callback' | 'emitter' | 'stream' | 'hidden';

export const origins: Readonly<Record<OriginName, Origin>> = {
  throw: {
    mistake: 'A router that ignores the promise of a handler, as Express 4 does',
    cause: 'the disk is full',
    right: failAfterAwait,
    wrong: async () => {
      void failAfterAwait();
    },
  },
  reject: {
    mistake: 'A .catch that only logs',
    cause: 'the lower layer failed',
    right: () =>
      Promise.reject(new Error('the lower layer failed')).catch((cause: unknown) => {
        throw conflict('A promise was rejected, and .catch translated the error.', cause);
      }),
    wrong: async (res) => {
      await Promise.reject(new Error('the lower layer failed')).catch((cause: unknown) => {
        process.stderr.write(`${String(cause)}\n`);
      });
      res.end('stored'); // the caller cannot know that nothing was
    },
  },
  callback: {
    mistake: 'A throw in the callback',
    cause: 'ENOENT',
    right: (res) =>
      new Promise((resolve, reject) => {
        readFile(missing, (error, content) => {
          if (error !== null) reject(conflict('readFile passed an error to its callback.', error));
          else res.end(content, resolve);
        });
      }),
    wrong: async (res) =>
      readFile(missing, (error, content) => {
        if (error !== null) throw error; // nothing that called this can catch it
        res.end(content);
      }),
  },
  emitter: {
    mistake: "An emitter without an 'error' listener",
    cause: 'the emitter failed',
    right: async () => {
      try {
        await once(failingEmitter(), 'ready');
      } catch (cause) {
        throw conflict("The emitter emitted 'error' before 'ready'.", cause);
      }
    },
    wrong: async (res) => void failingEmitter().once('ready', () => res.end('ready')),
  },
  stream: {
    mistake: 'pipe, with a listener that only logs the error of the source',
    cause: 'the source failed',
    right: async () => {
      try {
        await pipeline(Readable.from(failHalfway()), discard());
      } catch (cause) {
        throw conflict('The source of a pipeline failed after its second chunk.', cause);
      }
    },
    wrong: async (res) => {
      const source = Readable.from(failHalfway()).on('error', (error) =>
        process.stderr.write(`${String(error)}\n`),
      );
      await once(source.pipe(discard()), 'finish'); // pipe does not end it: this never resolves
      res.end('stored');
    },
  },
  hidden: {
    mistake: 'A handler that sends the error to the caller',
    cause: 'password',
    right: async (res) => void res.end(String(passwordLength())),
    wrong: async (res) => {
      try {
        res.end(String(passwordLength()));
      } catch (error) {
        res.writeHead(500).end((error as Error).stack);
      }
    },
  },
};

async function failAfterAwait(): Promise<void> {
  await sleep(1); // the error must come from an asynchronous part
  throw conflict('This was thrown on purpose, after an await.', new Error('the disk is full'));
}

function failingEmitter(): EventEmitter {
  const emitter = new EventEmitter();
  setImmediate(() => emitter.emit('error', new Error('the emitter failed')));
  return emitter;
}

function* failHalfway(): Generator<string> {
  yield 'first';
  yield 'second';
  throw new Error('the source failed');
}

function discard(): Writable {
  return new Writable({ write: (_chunk, _encoding, done) => done() });
}

function passwordLength(): number {
  const user = undefined as unknown as { readonly password: { readonly length: number } };
  return user.password.length; // a real TypeError
}
