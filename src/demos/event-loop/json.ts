import { performance } from 'node:perf_hooks';
import { setImmediate as nextIteration } from 'node:timers/promises';
import { z } from 'zod';
import { bytes, count, ms } from '../kit/answer/units.ts';
import { demoRoute, oneOf, wholeNumber, type DemoCall, type Lesson } from '../kit/demo.ts';
import { judgeDelay } from '../kit/measure/delay.ts';
import { fastestMs } from '../kit/measure/fastest.ts';
import { toMicroseconds } from '../kit/measure/timeline.ts';
import { perService } from '../kit/resources/per-service.ts';
import { nextMessage } from '../kit/resources/threads.ts';
import { rejectLongWork } from '../kit/work-limit.ts';
import { withBystanders } from './bystanders.ts';
import { createJsonText, summarize, type JsonSummary, type Row } from './json-text.ts';
import type { JsonOptions, JsonReply } from './json-thread.ts';

const program = new URL('./json-thread.ts', import.meta.url);

/** How long lines are parsed before other callbacks may run. */
const SLICE_MS = 5;
const SAMPLE_BYTES = 1_000_000;
/** A large value takes longer per megabyte than a small one: the collector copies it while it grows. */
const GROWTH = 2;
/** The text, the string and the parsed value, for each megabyte of text. */
const MEMORY_FACTOR = 8;

const querySchema = z.object({
  megabytes: wholeNumber('Size of the JSON text in MB', { min: 1, max: 32, default: 8 }),
  way: oneOf('How to parse it', ['parse', 'thread', 'clone', 'ndjson']),
});
type Way = z.infer<typeof querySchema>['way'];

const resultSchema = z.strictObject({
  way: z.string(),
  bytes: z.number(),
  rows: z.number(),
  quantity: z.number().describe('The sum over all rows: the same in each way'),
  workMs: z.number().describe('From the text to the sum'),
  blockedMs: z.number().describe('The longest delay of a timer: how long the event loop was blocked at most'),
  blockedMsPerMegabyte: z.number(),
  healthCompleted: z.number().describe('Health checks that completed during the work'),
  healthSlowestMs: z.number(),
  healthQuietMs: z.number().describe('Duration of a health check without the work'),
});
type Result = z.infer<typeof resultSchema>;

export const json = demoRoute({
  method: 'get',
  path: '/json',
  title: 'Block the event loop with JSON',
  summary:
    'Parses a large JSON text on the event loop, on a thread, or line by line, and measures who waits.',
  teaches:
    'JSON.parse and JSON.stringify are synchronous, so a large body blocks the event loop like any loop. Limit bodies, send ' +
    'rows as lines (NDJSON), or parse on a thread that returns only the result: structured clone of the whole value ' +
    'blocks again.',
  alone: true,
  query: querySchema,
  result: resultSchema,
  examples: [
    { title: 'On the event loop', query: { way: 'parse', as: 'text' } },
    { title: 'On a thread that returns a sum', query: { way: 'thread', as: 'text' } },
    { title: 'On a thread that returns all of it', query: { way: 'clone', as: 'text' } },
    { title: 'Line by line, in slices', query: { way: 'ndjson', as: 'text' } },
  ],
  contrasts: [
    'event-loop/json?way=parse',
    'event-loop/json?way=thread',
    'event-loop/json?way=clone',
    'event-loop/json?way=ndjson',
    'streams/ndjson',
  ],
  async run({ query: { megabytes, way }, signal, timeline, resources }) {
    if (way === 'parse' || way === 'clone') {
      rejectLongWork('block the event loop', megabytes * parseMsOf(resources) * GROWTH, ['megabytes']);
    }
    const result = await resources.budgets.megabytes.use(MEMORY_FACTOR * megabytes, signal, async () => {
      const text = createJsonText(megabytes * 1e6, way === 'ndjson' ? 'lines' : 'array');
      const size = text.length; // before it is transferred
      const { value, bystanders } = await withBystanders(
        async () => {
          const startMs = timeline.now();
          const summary = await ways[way](text, { signal, timeline, resources });
          return { summary, workMs: timeline.now() - startMs };
        },
        timeline,
        signal,
      );
      const { timerMaxDelayMs, healthCompleted, healthSlowestMs, healthQuietMs } = bystanders;
      return {
        way,
        bytes: size,
        ...value.summary,
        workMs: toMicroseconds(value.workMs),
        blockedMs: timerMaxDelayMs,
        blockedMsPerMegabyte: toMicroseconds((1e6 * timerMaxDelayMs) / size),
        healthCompleted,
        healthSlowestMs,
        healthQuietMs,
      };
    });
    return { result, lesson: conclude(result) };
  },
});

/** Measured once for each service. */
const parseMsOf = perService(() => {
  const sample = createJsonText(SAMPLE_BYTES, 'array');
  return fastestMs(3, () => void summarize(JSON.parse(sample.toString()) as Row[]));
});

type Call = Pick<DemoCall<never, never, never>, 'signal' | 'timeline' | 'resources'>;

const ways: Readonly<Record<Way, (text: Buffer<ArrayBuffer>, call: Call) => Promise<JsonSummary>>> = {
  parse: (text, { timeline }) =>
    timeline.record('JSON.parse', 'event loop', () => summarize(JSON.parse(text.toString()) as Row[])),
  thread: (text, call) => parseOnThread(text, false, call),
  clone: (text, call) => parseOnThread(text, true, call),
  async ndjson(text, { timeline, signal }) {
    const total = { rows: 0, quantity: 0 };
    let end = timeline.begin('lines', 'event loop');
    let sliceAt = performance.now();
    for (let from = 0; from < text.length;) {
      const newline = text.indexOf('\n', from);
      const to = newline === -1 ? text.length : newline;
      total.rows += 1;
      total.quantity += (JSON.parse(text.toString('utf8', from, to)) as Row).quantity;
      from = to + 1;
      if (performance.now() - sliceAt < SLICE_MS) continue;
      end();
      await nextIteration(undefined, { signal });
      end = timeline.begin('lines', 'event loop');
      sliceAt = performance.now();
    }
    end();
    return total;
  },
};

function parseOnThread(
  text: Buffer<ArrayBuffer>,
  sendAll: boolean,
  { resources, signal, timeline }: Call,
): Promise<JsonSummary> {
  // A transfer moves the text without a copy.
  const data: JsonOptions = { text, sendAll };
  return resources.budgets.threads.use(1, signal, () =>
    resources.threads.run(program, { data, transfer: [text.buffer], signal }, async (thread) => {
      const { message } = await timeline.record('JSON.parse', 'thread', () => nextMessage<JsonReply>(thread));
      return 'rows' in message ? message : summarize(message);
    }),
  );
}

const places: Readonly<Record<string, string>> = {
  parse: 'JSON.parse',
  thread: 'JSON.parse on a thread',
  clone: 'Receiving the whole value',
  ndjson: 'JSON lines in slices',
};

export function conclude(result: Result): Lesson {
  const { way, workMs, blockedMs, blockedMsPerMegabyte, healthCompleted, healthSlowestMs, healthQuietMs } =
    result;
  const where = places[way] ?? way;
  const figures =
    `${bytes(result.bytes)} took ${ms(workMs)}, during which ${count(healthCompleted, 'health check')} completed. The ` +
    `slowest took ${ms(healthSlowestMs)}, compared with ${ms(healthQuietMs)} when idle.`;
  // A check that began before or after the longest callback did not wait for it.
  const verdict = judgeDelay(Math.max(blockedMs, healthSlowestMs - healthQuietMs));
  return verdict === 'blocked' || verdict === 'felt'
    ? {
        headline: `${where} blocked the event loop for ${ms(blockedMs)}`,
        text: `That is ${ms(blockedMsPerMegabyte)} per MB of text, so a larger body blocks for longer. ${figures}`,
      }
    : { headline: `${where}: timers at most ${ms(blockedMs)} late`, text: figures };
}
