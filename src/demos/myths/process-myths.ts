/** Sentences about processes, errors and isolation. */
import { readdirSync } from 'node:fs';
import process from 'node:process';
import { runInNewContext } from 'node:vm';
import { bytes, count } from '../kit/answer/units.ts';
import { readOutput, withChild } from '../kit/resources/with-child.ts';
import { refutedIf, type Finding, type Myth } from './myth.ts';

const exitingProgram = new URL('./exiting-child.ts', import.meta.url);

const PRINTED_BYTES = 1_000_000;

export const processMyths: readonly Myth[] = [
  {
    sentence: 'Node.js is single-threaded',
    demo: 'thread-pool/pbkdf2?tasks=6',
    test: countThreads,
  },
  {
    sentence: 'More pool threads are faster',
    demo: 'thread-pool/size',
    test: () => ({
      verdict: 'run the command',
      measured: 'This takes several child processes for seconds: the command measures it.',
    }),
  },
  {
    sentence: 'process.exit is a clean end',
    demo: 'process/last-words?way=exit',
    test: ({ resources, signal }) =>
      resources.budgets.children.use(1, signal, async () => {
        const args = [String(PRINTED_BYTES)];
        const output = await withChild(
          resources.children.startNode(exitingProgram, { args, signal }),
          readOutput,
        );
        signal.throwIfAborted();
        return refutedIf(
          output.length < PRINTED_BYTES,
          `Of ${bytes(PRINTED_BYTES)} that a child printed before process.exit, ${bytes(output.length)} arrived.`,
        );
      }),
  },
  {
    sentence: 'try/catch catches every error in its block',
    demo: 'failures/reject',
    async test() {
      const withoutAwait = await catches(false);
      const withAwait = await catches(true);
      return refutedIf(
        !withoutAwait,
        `A rejection ${withoutAwait ? 'was' : 'was not'} caught without await, and ${withAwait ? 'was' : 'was not'} with it.`,
      );
    },
  },
  {
    sentence: 'vm is a sandbox',
    demo: 'process/info',
    test() {
      const code = 'this.constructor.constructor("return process")().pid';
      const pid = runInNewContext(code, {}) as unknown;
      return refutedIf(
        pid === process.pid,
        `Code in a new context read process.pid of this process: ${String(pid)} of ${process.pid}.`,
      );
    },
  },
];

function countThreads(): Finding {
  try {
    const threads = readdirSync('/proc/self/task').length;
    return refutedIf(
      threads > 1,
      `This process has ${count(threads, 'thread')}, of which one runs this JavaScript.`,
    );
  } catch {
    return { verdict: 'run the command', measured: 'This system does not list the threads of a process.' };
  }
}

/** Whether a block caught the rejection of a promise in it. */
async function catches(awaits: boolean): Promise<boolean> {
  const rejected = Promise.reject(new Error('rejected on purpose'));
  rejected.catch(() => undefined); // without this, the process would end
  try {
    if (awaits) await rejected;
    return false;
  } catch {
    return true;
  }
}
