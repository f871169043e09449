import { performance } from 'node:perf_hooks';
import { z } from 'zod';
import { median } from '../../shared/statistics.ts';
import { bytes, count, ms, times } from '../kit/answer/units.ts';
import { demoRoute, oneOf, wholeNumber, type DemoCall, type Lesson } from '../kit/demo.ts';
import { fetchResponse } from '../kit/measure/loopback.ts';
import { toMicroseconds } from '../kit/measure/timeline.ts';
import { nextChildMessage, withChild } from '../kit/resources/with-child.ts';
import { rejectLongWork } from '../kit/work-limit.ts';
import { ways, type WaitingListening, type WaitingReport, type Way } from './waiting-protocol.ts';

const program = new URL('./waiting-child.ts', import.meta.url);

/** Servers with a thread per request have hundreds; eight show the limit, and what each costs. */
const POOL_THREADS = 8;
const WARM_UP = 5;
const MAX_DRAWN = 16;
/** The resident memory of a process is known about this finely. */
const FLOOR_BYTES = 4_000_000;

const resultSchema = z.strictObject({
  way: z.enum(ways),
  clients: z.number(),
  waitMs: z.number().describe('How long each request waits for something else, such as an upstream'),
  maxAtOnce: z.number().describe('The most requests that waited at one time'),
  totalMs: z.number().describe('From the first request to the last response'),
  medianMs: z.number().describe('Of the requests, as their clients see it'),
  cpuMs: z.number().describe('CPU time of the server process'),
  threads: z.number().nullable().describe('Threads of its process at the end; null if the system lists none'),
  rssGrewBytes: z
    .number()
    .describe('Its resident memory at the peak, with all threads that it started to wait'),
});
export type Result = z.infer<typeof resultSchema>;

export const waitingRoute = demoRoute({
  method: 'get',
  path: '/waiting',
  title: 'Wait for a slow upstream',
  summary:
    'Sends requests that only wait to a small server: it waits asynchronously, by blocking, or on threads.',
  teaches:
    'A request that waits needs no thread: one event loop holds thousands of them for a few kB each. Code that blocks ' +
    'while it waits serves one request at a time. A thread for each request works as well, up to the number of threads. ' +
    'Virtual threads (Java) and goroutines (Go) give blocking code about the cost of the first way.',
  query: z.object({
    way: oneOf(
      `An asynchronous wait, a blocking one, or a blocking one on a pool of ${POOL_THREADS} threads`,
      ways,
    ),
    clients: wholeNumber('Requests sent at once', { min: 1, max: 500, default: 50 }),
    waitMs: wholeNumber('How long each waits, in milliseconds', { min: 10, max: 500, default: 50 }),
  }),
  result: resultSchema,
  examples: [
    { title: 'Asynchronous waits', query: { way: 'wait', as: 'text' } },
    { title: 'Blocking waits', query: { way: 'block', as: 'text' } },
    { title: 'Blocking waits on threads', query: { way: 'threads', as: 'text' } },
    { title: 'Five hundred at once', query: { way: 'wait', clients: 500, as: 'text' } },
  ],
  contrasts: [
    'http/waiting?way=wait',
    'http/waiting?way=block',
    'http/waiting?way=threads',
    'cpu/inline',
    'http/delay/:ms',
  ],
  async run(call) {
    const { way, clients, waitMs } = call.query;
    const rounds = way === 'wait' ? 1 : Math.ceil(clients / (way === 'threads' ? POOL_THREADS : 1));
    rejectLongWork('run', rounds * waitMs, ['clients', 'waitMs']);
    const result = await sendAll(call);
    return { result, lesson: conclude(result) };
  },
});

type WaitingCall = DemoCall<
  unknown,
  { readonly way: Way; readonly clients: number; readonly waitMs: number },
  unknown
>;

async function sendAll({ query, signal, timeline, resources }: WaitingCall): Promise<Result> {
  const { way, clients, waitMs } = query;
  const { budgets, children } = resources;
  const args = [way, String(waitMs), String(POOL_THREADS)];
  return budgets.children.use(1, signal, () =>
    withChild(children.startNode(program, { signal, ipc: true, args }), async (child) => {
      const { port } = await nextChildMessage<WaitingListening>(child);
      const url = `http://127.0.0.1:${port}`;
      for (let request = 0; request < WARM_UP; request += 1)
        await fetchResponse(`${url}/warm-up`, { signal });
      const ready = nextChildMessage(child);
      child.send('start');
      await ready;
      const durations: number[] = [];
      const send = async (index: number) => {
        const end = index < MAX_DRAWN ? timeline.begin(`request ${index + 1}`, 'clients') : undefined;
        const startedAt = performance.now();
        await fetchResponse(url, { signal });
        durations.push(performance.now() - startedAt);
        if (end === undefined) timeline.leaveOut();
        else end();
      };
      const startedAt = performance.now();
      await Promise.all(Array.from({ length: clients }, (_, index) => send(index)));
      const totalMs = performance.now() - startedAt;
      const report = nextChildMessage<WaitingReport>(child);
      child.send('report');
      const { maxAtOnce, cpuMs, threads, rssGrewBytes } = await report;
      return {
        way,
        clients,
        waitMs,
        maxAtOnce,
        totalMs: toMicroseconds(totalMs),
        medianMs: toMicroseconds(median(durations)),
        cpuMs: toMicroseconds(cpuMs),
        threads,
        rssGrewBytes,
      };
    }),
  );
}

const names: Readonly<Record<Way, string>> = {
  wait: 'Asynchronous',
  block: 'Blocking',
  threads: `${POOL_THREADS} threads`,
};

export function conclude(result: Result): Lesson {
  const { way, clients, waitMs, maxAtOnce, totalMs, medianMs, cpuMs, threads, rssGrewBytes } = result;
  const memory =
    rssGrewBytes < FLOOR_BYTES
      ? `by less than ${bytes(FLOOR_BYTES)}, which is as fine as a process can measure`
      : `by ${bytes(rssGrewBytes)}, ${bytes(Math.round(rssGrewBytes / maxAtOnce))} for each that waited at once`;
  const costs = `The server used ${ms(cpuMs)} of CPU time, ${threads === null ? '' : `had ${count(threads, 'thread')}, `}and its memory grew ${memory}.`;
  if (clients === 1) {
    return {
      headline: 'This run does not tell: one request waits for no other',
      text: `It took ${ms(totalMs)} for a wait of ${ms(waitMs)}. ${costs} Send more requests.`,
    };
  }
  return {
    headline: `${names[way]}: ${clients} requests in ${ms(totalMs)}, ${maxAtOnce} waiting at once`,
    text:
      `Each waits ${ms(waitMs)}, so one after another they would take ${ms(clients * waitMs)}: this was ` +
      `${times((clients * waitMs) / totalMs)} as fast. Half of the clients waited ${ms(medianMs)} or longer. ${costs}`,
  };
}
