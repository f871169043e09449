import process from 'node:process';
import { performance } from 'node:perf_hooks';
import type { ResourceLimits } from 'node:worker_threads';
import { z } from 'zod';
import { Problem } from '../../http/problem.ts';
import { demoRoute, oneOf, wholeNumber, type DemoCall } from '../demo.ts';
import { EventLoopProbe } from '../evidence/event-loop-probe.ts';
import { toMicroseconds } from '../evidence/timeline.ts';
import { bytes, ms } from '../evidence/words.ts';
import { nextMessage } from '../work/thread.ts';
import type { EchoMessage } from './echo.ts';
import type { HoardOrder } from './hoard.ts';

const hoard = new URL('./hoard.ts', import.meta.url);
const echo = new URL('./echo.ts', import.meta.url);

/** Small against any limit. */
const PIECE_BYTES = 16 * 1024;

const query = z.object({
  megabytes: wholeNumber('Memory the thread tries to hold', { min: 1, max: 192, default: 96 }),
  limit: wholeNumber('Megabytes its heap may grow to', { min: 8, max: 128, default: 32 }),
  answer: oneOf('What a thread out of memory becomes', ['problem', 'evidence']),
});

const resultSchema = z.strictObject({
  limitBytes: z.number(),
  wantedBytes: z.number(),
  heldBytes: z.number().describe('What the thread held when it was last heard of'),
  outcome: z.enum(['finished', 'ended alone']),
  errorCode: z.string().nullable(),
  livedMs: z.number(),
  pid: z.number().describe('This process, which went on'),
  heapDeltaBytes: z.number().describe('By how much the heap of this process changed meanwhile'),
  siblingAnswered: z.boolean().describe('Whether another thread of this process still answers'),
  eventLoopMaxDelayMs: z.number(),
});
type Result = z.infer<typeof resultSchema>;

export const memoryLimit = demoRoute({
  method: 'get',
  path: '/memory-limit',
  summary: 'A thread outgrows the heap it may have: it ends alone, and only its request has a problem.',
  teaches:
    'resourceLimits bound the JavaScript heap of a thread that grows little by little; they do not bound buffers, and ' +
    'one huge array, or a large young generation, would end the whole process.',
  query,
  result: resultSchema,
  examples: [
    { title: 'Outgrow the limit: a problem', status: 507 },
    { title: 'The same, with its figures', query: { answer: 'evidence', as: 'text' } },
    { title: 'Stay below the limit', query: { megabytes: 8, as: 'text' } },
  ],
  contrasts: ['worker-threads/memory-limit?megabytes=8', 'child-processes/overflow'],
  async run({ query: asked, signal, timeline, tools }) {
    const result = await tools.budgets.megabytes.use(asked.limit + 32, signal, () =>
      // Its sibling is the second.
      tools.budgets.threads.use(2, signal, () => outgrow(asked, { signal, timeline, tools })),
    );
    const lesson = conclude(result);
    if (result.outcome === 'ended alone' && asked.answer === 'problem') {
      throw new Problem('out-of-memory', { detail: lesson });
    }
    return { result, lesson };
  },
});

type Call = Pick<DemoCall<never, never, never>, 'signal' | 'timeline' | 'tools'>;

function outgrow({ megabytes, limit }: z.infer<typeof query>, { signal, timeline, tools }: Call) {
  return tools.threads.run(echo, { signal }, async (sibling) => {
    await nextMessage(sibling);
    const held = new SharedArrayBuffer(4);
    const data = { megabytes, pieceBytes: PIECE_BYTES, held } satisfies HoardOrder;
    const heapBefore = process.memoryUsage().heapUsed;
    const probe = new EventLoopProbe();
    const startedAt = performance.now();
    try {
      const errorCode = await timeline.record(`hold ${megabytes} MB`, 'thread', () =>
        tools.threads
          .run(hoard, { data, signal, resourceLimits: limits(limit) }, nextMessage)
          .then(() => null, outOfMemory),
      );
      const livedMs = toMicroseconds(performance.now() - startedAt);
      const heapDeltaBytes = process.memoryUsage().heapUsed - heapBefore;
      const siblingAnswered = await timeline.record('sibling answers', 'sibling', async () => {
        const message = { way: 'shared', mark: 7, buffer: new SharedArrayBuffer(4) } satisfies EchoMessage;
        sibling.postMessage(message);
        return (await nextMessage<{ mark: number }>(sibling)).message.mark === message.mark;
      });
      return {
        limitBytes: limit * 1024 * 1024,
        wantedBytes: megabytes * 1e6,
        heldBytes: Atomics.load(new Int32Array(held), 0) * PIECE_BYTES,
        outcome: errorCode === null ? ('finished' as const) : ('ended alone' as const),
        errorCode,
        livedMs,
        pid: process.pid,
        heapDeltaBytes,
        siblingAnswered,
        eventLoopMaxDelayMs: probe.stop().maxDelayMs,
      };
    } finally {
      probe.stop();
    }
  });
}

/**
 * At its limit a thread gets 16 MB more to end in. A collection that moves more than that from the young generation to
 * the old one would end the whole process, so the young one is kept small: with its default size, a few such threads
 * at once did just that.
 */
function limits(megabytes: number): ResourceLimits {
  return { maxOldGenerationSizeMb: megabytes, maxYoungGenerationSizeMb: 4 };
}

/** The code of the one error that is expected here; any other is thrown on. */
function outOfMemory(error: unknown): string {
  const { code } = error as { readonly code?: unknown };
  if (code !== 'ERR_WORKER_OUT_OF_MEMORY') throw error;
  return code;
}

function conclude(result: Result): string {
  const { heldBytes, limitBytes, livedMs, pid } = result;
  if (result.outcome === 'finished') {
    return `The thread held ${bytes(heldBytes)} and finished after ${ms(livedMs)}: that is within what a heap of ${bytes(limitBytes)} takes.`;
  }
  const sibling = result.siblingAnswered
    ? 'another thread of it still answered'
    : 'another thread no longer answered';
  return (
    `The thread held ${bytes(heldBytes)} of the ${bytes(result.wantedBytes)} it wanted when its heap had reached the limit of ${bytes(limitBytes)}; it ended ` +
    `alone after ${ms(livedMs)} with ${result.errorCode ?? 'no code'}. Process ${pid} went on, and ${sibling}.`
  );
}
