import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClientBase } from 'pg';
import { z } from 'zod';
import { ms } from '../kit/answer/units.ts';
import { demoRoute, wholeNumber, type Lesson } from '../kit/demo.ts';
import { overLoopback, sendRequest } from '../kit/measure/loopback.ts';
import { toMicroseconds, type Timeline } from '../kit/measure/timeline.ts';
import { scratchDatabaseOf } from '../kit/database/scratch-database.ts';
import { SCHEMA } from '../kit/database/seed.ts';

/** A comparison of many pairs of rows, which no index helps: seconds of CPU time. */
const SLOW = `
  select count(*) as pairs from ${SCHEMA}.orders a
  join ${SCHEMA}.orders b on a.note > b.note where a.id <= 300`;
/** A statement that is still running this long after the client has disconnected is ended by the demo. */
const MAX_WATCH_MS = 2_500;
const POLL_MS = 20;

const wayResult = z.strictObject({
  stateAfterDisconnect: z.string().describe('In pg_stat_activity, at the first look after the disconnect'),
  ranOnMs: z.number().describe('How long it ran after the disconnect, as pg_stat_activity shows it'),
  ended: z.enum(['canceled', 'completed', 'still running']).describe(`After at most ${MAX_WATCH_MS} ms`),
});
type WayResult = z.infer<typeof wayResult>;

const resultSchema = z.strictObject({
  disconnectedAfterMs: z.number(),
  ignored: wayResult.describe('The handler does not look at the connection of its client'),
  canceled: wayResult.describe('The handler passes a signal to the database, which cancels the statement'),
});
type Result = z.infer<typeof resultSchema>;

export const cancel = demoRoute({
  method: 'get',
  path: '/cancel',
  title: 'Cancel an abandoned query',
  summary: 'A client disconnects during a slow query. The query runs on, or is canceled on the server.',
  teaches:
    'PostgreSQL does not notice that an HTTP client is gone: cancel the statement when it disconnects.',
  query: z.object({
    ms: wholeNumber('Time after which the client disconnects (ms)', { min: 20, max: 500, default: 150 }),
  }),
  result: resultSchema,
  examples: [{ title: 'Ignored and canceled', query: { as: 'text' } }],
  contrasts: ['worker-threads/cancel'],
  run({ query, resources, signal, timeline }) {
    const service = resources.dependencies.resources.database;
    return scratchDatabaseOf(resources).withClients(2, signal, async (plain, observer) => {
      const disconnect = (way: string, runStatement: RunStatement) =>
        disconnectDuring({ way, runStatement, observer, afterMs: query.ms, signal, timeline });
      const ignored = await disconnect('ignored', (text) => plain.query(text));
      const canceled = await disconnect('canceled', (text, gone) =>
        service.query(text, [], { signal: AbortSignal.any([gone, signal]) }),
      );
      const result = { disconnectedAfterMs: query.ms, ignored, canceled };
      return { result, lesson: conclude(result) };
    });
  },
});

type RunStatement = (text: string, gone: AbortSignal) => Promise<unknown>;

interface Disconnect {
  readonly way: string;
  readonly runStatement: RunStatement;
  readonly observer: ClientBase;
  readonly afterMs: number;
  readonly signal: AbortSignal;
  readonly timeline: Timeline;
}

/** Sends a request to a private server whose handler runs the slow statement, and disconnects. */
async function disconnectDuring(options: Disconnect): Promise<WayResult> {
  const { way, runStatement, observer, afterMs, signal, timeline } = options;
  const mark = `/* ${randomUUID()} */`;
  let ended: WayResult['ended'] = 'still running';
  let handled: Promise<void> | undefined;
  return overLoopback(
    (_req, res) => {
      const gone = new AbortController();
      res.on('close', () => gone.abort());
      handled = runStatement(`${mark} ${SLOW}`, gone.signal).then(
        () => {
          ended = 'completed';
        },
        () => {
          ended = 'canceled';
        },
      );
      void handled.then(() => res.end());
    },
    async (origin) => {
      const startMs = timeline.now();
      const client = new AbortController();
      const request = sendRequest(origin, { signal: AbortSignal.any([client.signal, signal]) });
      request.catch(() => undefined); // it is aborted
      await sleep(afterMs, undefined, { signal });
      client.abort();
      const leftMs = timeline.now();
      timeline.add(`${way}: client waits`, 'client', startMs, leftMs);
      const watched = await watch(observer, mark, signal);
      timeline.add(`${way}: runs on`, 'server', leftMs, leftMs + watched.ranOnMs);
      const outcome = await settle(watched.state !== undefined);
      return { stateAfterDisconnect: watched.first ?? 'gone', ranOnMs: watched.ranOnMs, ended: outcome };

      /** @returns how the statement ended, after ending it if it still runs */
      async function settle(running: boolean): Promise<WayResult['ended']> {
        if (running) {
          await observer.query(
            'select pg_cancel_backend(pid) from pg_stat_activity where starts_with(query, $1)',
            [mark],
          );
        }
        await handled; // the server has ended it, and its response may still be on the way
        return running ? 'still running' : ended;
      }
    },
  );
}

interface Watched {
  readonly first: string | undefined;
  /** Undefined if it has ended. */
  readonly state: string | undefined;
  readonly ranOnMs: number;
}

/** Polls the server's own view of the statement until it has ended. */
async function watch(observer: ClientBase, mark: string, signal: AbortSignal): Promise<Watched> {
  const startedAt = performance.now();
  let first: string | undefined;
  let ranOnMs = 0;
  for (;;) {
    const { rows } = await observer.query<{ state: string }>(
      `select state from pg_stat_activity where starts_with(query, $1) and state = 'active'`,
      [mark],
    );
    const state = rows[0]?.state;
    if (state === undefined) return { first, state, ranOnMs };
    first ??= state;
    ranOnMs = toMicroseconds(performance.now() - startedAt);
    if (ranOnMs >= MAX_WATCH_MS) return { first, state, ranOnMs };
    await sleep(POLL_MS, undefined, { signal });
  }
}

function conclude({ ignored, canceled, disconnectedAfterMs }: Result): Lesson {
  const figures =
    `The client disconnected after ${ms(disconnectedAfterMs)}. Without a signal the statement ${describe(ignored)}. ` +
    `With one it ${describe(canceled)}.`;
  if (canceled.ended !== 'canceled' || canceled.ranOnMs >= ignored.ranOnMs)
    return {
      headline: 'Canceling saved nothing in this run',
      text: `${figures} A statement that ends by itself before the cancellation arrives cannot be canceled.`,
    };
  return {
    headline: `The abandoned query ran on for ${ms(ignored.ranOnMs)}, canceled for ${ms(canceled.ranOnMs)}`,
    text:
      `${figures} The server's connection is to this process, not to the HTTP client: only this process can report the ` +
      'disconnect, with a cancellation request on a second connection.',
  };
}

function describe({ ended, ranOnMs }: WayResult): string {
  if (ended === 'still running') return `was still running ${ms(ranOnMs)} later, when the demo ended it`;
  const how =
    ended === 'canceled' ? 'was canceled' : 'completed, although its result was not needed any more';
  return ranOnMs === 0
    ? `was not running any more when the server was asked`
    : `ran on for ${ms(ranOnMs)} and ${how}`;
}
