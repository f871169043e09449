import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { count, percent } from '../kit/answer/units.ts';
import { demoRoute, oneOf, wholeNumber, type Lesson } from '../kit/demo.ts';
import { fastestMs } from '../kit/measure/fastest.ts';
import { fetchResponse, overLoopback } from '../kit/measure/loopback.ts';
import type { Timeline } from '../kit/measure/timeline.ts';

/** Log lines of each request, with a wait before each. */
const LINES = 3;
/** The waits differ, so that requests overtake each other. */
const WAITS_MS = [1, 4, 2, 6, 3] as const;
const READS = 20_000;
/** Requests that get bars; the others are alike. */
const MAX_DRAWN = 8;

const resultSchema = z.strictObject({
  way: z.enum(['global', 'local']),
  requests: z.number(),
  lines: z.number().describe('Log lines of all requests'),
  linesOfAnotherRequest: z.number().describe('Lines with the id of another request'),
  maxAtOnce: z.number().describe('The most requests that were in progress at one time'),
  readNs: z.number().describe('Time to read the id once, in nanoseconds'),
});
type Result = z.infer<typeof resultSchema>;

/** Where code far below a handler finds the id of its request. */
interface RequestId {
  run(id: string, serve: () => Promise<void>): Promise<void>;
  read(): string | undefined;
}

const ways: Readonly<Record<Result['way'], () => RequestId>> = {
  global() {
    let current: string | undefined;
    return {
      run(id, serve) {
        current = id;
        return serve();
      },
      read: () => current,
    };
  },
  local() {
    const storage = new AsyncLocalStorage<string>();
    return { run: (id, serve) => storage.run(id, serve), read: () => storage.getStore() };
  },
};

export const who = demoRoute({
  method: 'get',
  path: '/who',
  title: 'Log the request id',
  summary: `Serves requests at once, each of which waits and logs ${LINES} times, and checks the id in every log line.`,
  teaches:
    'A variable that every request sets holds the id of the last one that did: after the first await it is wrong. ' +
    'AsyncLocalStorage holds one id per request, across awaits, timers and callbacks.',
  query: z.object({
    way: oneOf('Where the logger finds the id: a global variable, or AsyncLocalStorage', ['global', 'local']),
    requests: wholeNumber('Requests sent at once', { min: 1, max: 200, default: 100 }),
  }),
  result: resultSchema,
  examples: [
    { title: 'A global variable', query: { way: 'global', as: 'text' } },
    { title: 'AsyncLocalStorage', query: { way: 'local', as: 'text' } },
    { title: 'A single request', query: { way: 'global', requests: 1, as: 'text' } },
  ],
  contrasts: ['async-context/who?way=global', 'async-context/who?way=local', 'async-context/lost'],
  async run({ query: { way, requests }, signal, timeline }) {
    const id = ways[way]();
    const observed = await serveAll(id, requests, timeline, signal);
    const result = { way, requests, ...observed, readNs: measureRead(id) };
    return { result, lesson: conclude(result) };
  },
});

async function serveAll(id: RequestId, requests: number, timeline: Timeline, signal: AbortSignal) {
  let lines = 0;
  let linesOfAnotherRequest = 0;
  let atOnce = 0;
  let maxAtOnce = 0;
  const serve = async (own: number) => {
    const end = own < MAX_DRAWN ? timeline.begin(`request ${own + 1}`, 'server') : () => timeline.leaveOut();
    for (let line = 0; line < LINES; line += 1) {
      await sleep(WAITS_MS[(own + line) % WAITS_MS.length], undefined, { signal });
      lines += 1;
      // What a logger does that is called without a parameter for the request.
      if (id.read() !== String(own)) linesOfAnotherRequest += 1;
    }
    end();
  };
  await overLoopback(
    (req, res) => {
      const own = Number(req.headers['x-request-id']);
      maxAtOnce = Math.max(maxAtOnce, (atOnce += 1));
      id.run(String(own), () => serve(own))
        .catch(() => undefined) // aborted: the client has disconnected
        .finally(() => {
          atOnce -= 1;
          res.end();
        });
    },
    (origin) =>
      Promise.all(
        Array.from({ length: requests }, (_, own) =>
          fetchResponse(origin, { headers: { 'X-Request-Id': String(own) }, signal }),
        ),
      ),
  );
  return { lines, linesOfAnotherRequest, maxAtOnce };
}

function measureRead(id: RequestId): number {
  let found = 0;
  const readMany = () => {
    for (let read = 0; read < READS; read += 1) if (id.read() !== undefined) found += 1;
  };
  const perReadNs = () => (fastestMs(5, readMany) / READS) * 1e6;
  let readNs = 0;
  void id.run('measured', () => {
    readNs = perReadNs();
    return Promise.resolve();
  });
  if (found === 0) throw new Error('the id was not found');
  return Math.round(readNs * 10) / 10;
}

export function conclude(result: Result): Lesson {
  const { way, requests, lines, linesOfAnotherRequest: wrong, maxAtOnce, readNs } = result;
  const store = way === 'global' ? 'The global variable' : 'AsyncLocalStorage';
  if (maxAtOnce < 2 || (way === 'global' && wrong === 0)) {
    return {
      headline: 'This run does not tell: no request overtook another',
      text: `At most ${maxAtOnce} ran at once, so none could overwrite the id of another. ${store} was read in ${readNs} ns. Send more requests.`,
    };
  }
  const cost = `A read took ${readNs} ns.`;
  const load = `${count(requests, 'request')} ran, up to ${maxAtOnce} of them at once.`;
  return wrong > 0
    ? {
        headline: `${wrong} of ${lines} log lines had the id of another request`,
        text: `${store} was right for ${percent(1 - wrong / lines)} of the lines: after each await, it held the id of whichever request set it last. ${load} ${cost}`,
      }
    : {
        headline: `All ${lines} log lines had the id of their own request`,
        text: `${store} kept one id per request across ${LINES} awaits. ${load} ${cost}`,
      };
}
