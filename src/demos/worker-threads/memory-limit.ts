import process from 'node:process';
import { performance } from 'node:perf_hooks';
import type { ResourceLimits } from 'node:worker_threads';
import { z } from 'zod';
import { Problem } from '../../http/problem.ts';
import { bytes, ms } from '../kit/answer/units.ts';
import { demoRoute, oneOf, wholeNumber, type DemoCall, type Lesson } from '../kit/demo.ts';
import { EventLoopProbe } from '../kit/measure/event-loop-probe.ts';
import { toMicroseconds } from '../kit/measure/timeline.ts';
import { outOfMemory } from '../kit/problems.ts';
import { nextMessage } from '../kit/resources/threads.ts';
import type { EchoMessage } from './echo-thread.ts';
import type { HoardData } from './hoard-thread.ts';

const hoardProgram = new URL('./hoard-thread.ts', import.meta.url);
const echoProgram = new URL('./echo-thread.ts', import.meta.url);

/** Small compared with any limit. */
const PIECE_BYTES = 16 * 1024;

const querySchema = z.object({
  megabytes: wholeNumber('Megabytes that the thread tries to hold', { min: 1, max: 192, default: 96 }),
  limit: wholeNumber('Heap limit of the thread in megabytes', { min: 8, max: 128, default: 32 }),
  respondWith: oneOf('Response if the thread runs out of memory', ['error', 'evidence']),
});

const resultSchema = z.strictObject({
  limitBytes: z.number(),
  wantedBytes: z.number(),
  heldBytes: z.number().describe('The last amount that the thread reported'),
  outcome: z.enum(['finished', 'out of memory']),
  errorCode: z.string().nullable(),
  livedMs: z.number(),
  pid: z.number().describe('This process, which kept running'),
  heapDeltaBytes: z.number().describe('Change of the heap of this process during the run'),
  siblingResponded: z.boolean().describe('Whether another thread of this process still responds'),
  eventLoopMaxDelayMs: z.number(),
});
type Result = z.infer<typeof resultSchema>;

export const memoryLimit = demoRoute({
  method: 'get',
  path: '/memory-limit',
  title: 'Limit the heap of a thread',
  summary: 'Runs a thread that outgrows its heap limit: the thread ends, and only its own request fails.',
  teaches:
    'resourceLimits bound the JavaScript heap of a thread if it grows gradually. They do not bound buffers, and one huge ' +
    'array or a large young generation can still end the whole process.',
  query: querySchema,
  result: resultSchema,
  examples: [
    { title: 'Exceed the limit', status: 507 },
    { title: 'Exceed the limit, as evidence', query: { respondWith: 'evidence', as: 'text' } },
    { title: 'Stay below the limit', query: { megabytes: 8, as: 'text' } },
  ],
  contrasts: ['worker-threads/memory-limit?megabytes=8', 'child-processes/overflow'],
  async run({ query, signal, timeline, resources }) {
    const result = await resources.budgets.megabytes.use(query.limit + 32, signal, () =>
      // The second thread is the sibling.
      resources.budgets.threads.use(2, signal, () => outgrow(query, { signal, timeline, resources })),
    );
    const lesson = conclude(result);
    if (result.outcome === 'out of memory' && query.respondWith === 'error') {
      throw new Problem(outOfMemory, { detail: lesson.text });
    }
    return { result, lesson };
  },
});

type Call = Pick<DemoCall<never, never, never>, 'signal' | 'timeline' | 'resources'>;

function outgrow({ megabytes, limit }: z.infer<typeof querySchema>, { signal, timeline, resources }: Call) {
  return resources.threads.run(echoProgram, { signal }, async (sibling) => {
    await nextMessage(sibling);
    const held = new SharedArrayBuffer(4);
    const data = { megabytes, pieceBytes: PIECE_BYTES, held } satisfies HoardData;
    const heapBefore = process.memoryUsage().heapUsed;
    const probe = new EventLoopProbe();
    const startedAt = performance.now();
    try {
      const errorCode = await timeline.record(`hold ${megabytes} MB`, 'thread', () =>
        resources.threads
          .run(hoardProgram, { data, signal, resourceLimits: limits(limit) }, nextMessage)
          .then(() => null, toErrorCode),
      );
      const livedMs = toMicroseconds(performance.now() - startedAt);
      const heapDeltaBytes = process.memoryUsage().heapUsed - heapBefore;
      const siblingResponded = await timeline.record('sibling responds', 'sibling', async () => {
        const message = { way: 'shared', mark: 7, buffer: new SharedArrayBuffer(4) } satisfies EchoMessage;
        sibling.postMessage(message);
        return (await nextMessage<{ mark: number }>(sibling)).message.mark === message.mark;
      });
      return {
        limitBytes: limit * 1024 * 1024,
        wantedBytes: megabytes * 1e6,
        heldBytes: Atomics.load(new Int32Array(held), 0) * PIECE_BYTES,
        outcome: errorCode === null ? ('finished' as const) : ('out of memory' as const),
        errorCode,
        livedMs,
        pid: process.pid,
        heapDeltaBytes,
        siblingResponded,
        eventLoopMaxDelayMs: probe.stop().maxDelayMs,
      };
    } finally {
      probe.stop();
    }
  });
}

/**
 * At the limit Node.js grants a thread 16 MB more, so that it can end. A collection that promotes more than that from
 * the young generation would end the whole process. With the default size of the young generation, a few threads that
 * hit their limit at once did that; so it is small here.
 */
function limits(megabytes: number): ResourceLimits {
  return { maxOldGenerationSizeMb: megabytes, maxYoungGenerationSizeMb: 4 };
}

/** Returns the code of the one expected error. @throws any other error */
function toErrorCode(error: unknown): string {
  const { code } = error as { readonly code?: unknown };
  if (code !== 'ERR_WORKER_OUT_OF_MEMORY') throw error;
  return code;
}

function conclude(result: Result): Lesson {
  const { heldBytes, pid, siblingResponded } = result;
  const [held, limit, lived] = [bytes(heldBytes), bytes(result.limitBytes), ms(result.livedMs)];
  if (result.outcome === 'finished') {
    return {
      headline: `${held} fit within a heap limit of ${limit}`,
      text: `The thread held ${held} and finished after ${lived}, within its heap limit of ${limit}.`,
    };
  }
  const sibling = siblingResponded
    ? 'another of its threads still responded'
    : 'another of its threads no longer responded';
  if (heldBytes === 0) {
    return {
      headline: `A thread does not even start within a heap of ${limit}`,
      text:
        `Node.js itself, with the code that a thread loads, did not fit: the thread ended after ${lived} with ` +
        `${result.errorCode ?? 'no code'} before it held anything. Process ${pid} kept running, and ${sibling}.`,
    };
  }
  return {
    headline: `The thread ran out of memory; process ${pid} kept running`,
    text:
      `The thread held ${held} of ${bytes(result.wantedBytes)} when its heap reached the limit of ${limit}. It ended after ` +
      `${lived} with ${result.errorCode ?? 'no code'}. Process ${pid} kept running, and ${sibling}.`,
  };
}
