import { z } from 'zod';
import { bytes as inBytes, count, ms, times } from '../kit/answer/units.ts';
import { demoRoute, oneOf, wholeNumber, type Lesson } from '../kit/demo.ts';
import { toMicroseconds } from '../kit/measure/timeline.ts';
import { nextMessage } from '../kit/resources/threads.ts';
import type { ClientJob, ClientRun } from './client-thread.ts';

const program = new URL('./client-thread.ts', import.meta.url);

const POOL = 8;
const ways = ['fresh', 'kept', 'pooled', 'unread'] as const;

const runSchema = z.strictObject({
  connections: z.enum(ways),
  made: z.number().describe('Connections that the server accepted'),
  open: z.number().describe('Connections that were open after the last call'),
  perCallMs: z.number(),
});

const resultSchema = z.strictObject({
  calls: z.number(),
  bytes: z.number().describe('Length of each response body'),
  runs: z.array(runSchema).describe('A new connection for each call first, for comparison'),
});
type Result = z.infer<typeof resultSchema>;

export const clientRoute = demoRoute({
  method: 'get',
  path: '/client',
  title: 'Reuse connections',
  summary:
    'Calls a private server with undici: on new connections, a kept one, a pool, or without reading the bodies.',
  teaches:
    'A connection that is kept open (keep-alive) saves most of the time of a small call. A body that is not read holds ' +
    'its connection: the next call opens another one. Read or cancel every body.',
  query: z.object({
    connections: oneOf('What the client does with connections', ways),
    calls: wholeNumber('Calls to the server', { min: 10, max: 200, default: 100 }),
    bytes: wholeNumber('Length of each response body', { min: 100, max: 500_000, default: 100_000 }),
  }),
  result: resultSchema,
  examples: [
    { title: 'A new connection for each call', query: { connections: 'fresh', as: 'text' } },
    { title: 'One that is kept', query: { connections: 'kept', as: 'text' } },
    { title: 'A pool', query: { connections: 'pooled', as: 'text' } },
    { title: 'Bodies that are not read', query: { connections: 'unread', as: 'text' } },
    { title: 'Small bodies that are not read', query: { connections: 'unread', bytes: 1_000, as: 'text' } },
  ],
  contrasts: [
    'http/client?connections=fresh',
    'http/client?connections=kept',
    'http/client?connections=pooled',
    'http/client?connections=unread',
  ],
  async run({ query: { connections, calls, bytes }, signal, timeline, resources }) {
    const data: ClientJob = { ways: [...new Set(['fresh' as const, connections])], calls, bytes, pool: POOL };
    const runs = await timeline.record(count(calls, 'call'), connections, () =>
      resources.budgets.threads.use(1, signal, () =>
        resources.threads.run(
          program,
          { data, signal },
          async (thread) => (await nextMessage<ClientRun[]>(thread)).message,
        ),
      ),
    );
    const result = {
      calls,
      bytes,
      runs: runs.map((run) => ({ ...run, perCallMs: toMicroseconds(run.perCallMs) })),
    };
    return { result, lesson: conclude(result) };
  },
});

export function conclude({ calls, bytes, runs }: Result): Lesson {
  const [fresh, other] = runs as [ClientRun, ClientRun?];
  const made = (run: ClientRun) =>
    `${count(run.made, 'connection')} for ${count(calls, 'call')}, ${ms(run.perCallMs)} per call; ${run.open} open afterwards`;
  if (other === undefined) {
    return {
      headline: `${count(calls, 'call')} without keep-alive made ${count(fresh.made, 'connection')}`,
      text: `Each call opens and closes a connection: ${made(fresh)}. Compare it with one that is kept.`,
    };
  }
  const figures = `The client made ${made(other)}. On new connections: ${made(fresh)}.`;
  if (other.connections === 'unread') {
    return other.open > calls / 2
      ? {
          headline: `Bodies that were not read held ${count(other.open, 'connection')} open`,
          text: `${figures} Each body of ${inBytes(bytes)} waits for its reader, and its connection with it.`,
        }
      : {
          headline: `Bodies of ${inBytes(bytes)} that were not read held few connections`,
          text: `${figures} The client buffers small bodies, which hides the mistake until one is large: raise \`bytes\`.`,
        };
  }
  const ratio = fresh.perCallMs / other.perCallMs;
  return {
    headline:
      ratio >= 1.1
        ? `${count(other.made, 'kept connection')}: new ones take ${times(ratio)} as long`
        : `${count(other.made, 'kept connection')} saved no time in this run`,
    text: figures,
  };
}
