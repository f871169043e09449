import { setTimeout as sleep } from 'node:timers/promises';
import type { ClientBase } from 'pg';
import { z } from 'zod';
import { count, ms, times } from '../kit/answer/units.ts';
import { demoRoute, wholeNumber, type Lesson } from '../kit/demo.ts';
import { toMicroseconds, type Timeline } from '../kit/measure/timeline.ts';
import { withRunTable } from './run-table.ts';

/** The pause between two messages, so that they do not all come right after a poll. */
const MIN_PAUSE_MS = 20;
const MAX_PAUSE_MS = 70;
const MAX_BARS = 8;

const wayResult = z.strictObject({
  received: z.number(),
  meanLatencyMs: z.number().describe('From the start of the commit to the arrival'),
  maxLatencyMs: z.number(),
  statements: z.number().describe('Statements that the receiver sent to the server'),
});

const resultSchema = z.strictObject({
  messages: z.number(),
  pollMs: z.number(),
  polling: wayResult,
  listening: wayResult,
  rolledBack: z.number().describe('Messages of transactions that were rolled back'),
  rolledBackReceived: z.number().describe('Notifications of those that arrived'),
});
type Result = z.infer<typeof resultSchema>;

export const notify = demoRoute({
  method: 'get',
  path: '/notify',
  title: 'Listen instead of polling',
  summary: 'Sends messages through a table: one receiver polls it, another one listens for notifications.',
  teaches: 'NOTIFY wakes a listener when the transaction commits, without a statement per look.',
  query: z.object({
    messages: wholeNumber('Committed messages', { min: 1, max: 50, default: 20 }),
    poll: wholeNumber('Time between two polls (ms)', { min: 5, max: 500, default: 100 }),
  }),
  result: resultSchema,
  examples: [
    { title: 'A poll every 100 ms', query: { as: 'text' } },
    { title: 'A poll every 10 ms', query: { poll: 10, as: 'text' } },
  ],
  contrasts: ['database/queue'],
  run({ query: { messages, poll: pollMs }, resources, signal, timeline }) {
    const create = (table: string) =>
      `create unlogged table ${table} (id integer generated always as identity primary key, number integer not null)`;
    return withRunTable(
      resources,
      { create, clients: 3, signal },
      async (table, sender, poller, listener) => {
        const sentAt = new Map<number, number>();
        const polled = new Receiver(sentAt, 'polling', timeline);
        const listened = new Receiver(sentAt, 'listening', timeline);
        listener.on('notification', ({ payload }) => listened.receive(Number(payload)));
        await listener.query(`listen ${table}`);
        const polling = pollFor(messages, { table, poller, pollMs, signal, receiver: polled });
        polling.catch(() => undefined); // awaited below
        for (let number = 1; number <= messages; number += 1) {
          await send(sender, table, -number, 'rollback');
          await send(sender, table, number, 'commit', () => sentAt.set(number, timeline.now()));
          await sleep(MIN_PAUSE_MS + Math.random() * (MAX_PAUSE_MS - MIN_PAUSE_MS), undefined, { signal });
        }
        const statements = await polling;
        await listener.query('select 1'); // what was notified before is delivered with its result at the latest
        const result = {
          messages,
          pollMs,
          polling: { ...polled.summary, statements },
          listening: { ...listened.summary, statements: 1 },
          rolledBack: messages,
          rolledBackReceived: listened.unknown,
        };
        return { result, lesson: conclude(result) };
      },
    );
  },
});

/** Records when messages arrive. */
class Receiver {
  readonly #sentAt: ReadonlyMap<number, number>;
  readonly #lane: string;
  readonly #timeline: Timeline;
  readonly #latencies: number[] = [];
  /** Messages that were never committed. */
  unknown = 0;

  constructor(sentAt: ReadonlyMap<number, number>, lane: string, timeline: Timeline) {
    this.#sentAt = sentAt;
    this.#lane = lane;
    this.#timeline = timeline;
  }

  receive(number: number): void {
    const sentAt = this.#sentAt.get(number);
    if (sentAt === undefined) {
      this.unknown += 1;
      return;
    }
    const now = this.#timeline.now();
    this.#latencies.push(now - sentAt);
    if (number <= MAX_BARS) this.#timeline.add(`message ${number}`, this.#lane, sentAt, now);
  }

  get summary() {
    const received = this.#latencies.length;
    return {
      received,
      meanLatencyMs: toMicroseconds(
        this.#latencies.reduce((sum, each) => sum + each, 0) / Math.max(1, received),
      ),
      maxLatencyMs: toMicroseconds(Math.max(0, ...this.#latencies)),
    };
  }
}

/** Writes a message and notifies of it, in one transaction. */
async function send(
  sender: ClientBase,
  table: string,
  number: number,
  end: 'commit' | 'rollback',
  beforeEnd: () => void = () => undefined,
): Promise<void> {
  await sender.query('begin');
  await sender.query(`insert into ${table} (number) values ($1)`, [number]);
  await sender.query('select pg_notify($1, $2)', [table, String(number)]);
  beforeEnd();
  await sender.query(end);
}

interface Polling {
  readonly table: string;
  readonly poller: ClientBase;
  readonly pollMs: number;
  readonly signal: AbortSignal;
  readonly receiver: Receiver;
}

/** Reads the new rows of the table again and again. @returns how many statements that took */
async function pollFor(messages: number, polling: Polling): Promise<number> {
  const { table, poller, pollMs, signal, receiver } = polling;
  let statements = 0;
  let lastId = 0;
  let seen = 0;
  while (seen < messages) {
    await sleep(pollMs, undefined, { signal });
    const { rows } = await poller.query<{ id: number; number: number }>(
      `select id, number from ${table} where id > $1 order by id`,
      [lastId],
    );
    statements += 1;
    for (const { id, number } of rows) {
      receiver.receive(number);
      lastId = id;
      seen += 1;
    }
  }
  return statements;
}

function conclude({ messages, pollMs, polling, listening, rolledBack, rolledBackReceived }: Result): Lesson {
  const figures =
    `Polling every ${ms(pollMs)} took ${count(polling.statements, 'statement')} for ${count(messages, 'message')}, which ` +
    `arrived after ${ms(polling.meanLatencyMs)} on average. The listener sent ${count(listening.statements, 'statement')} ` +
    `and was notified after ${ms(listening.meanLatencyMs)}.`;
  const rollback =
    rolledBackReceived === 0
      ? `None of the ${rolledBack} notifications of rolled-back transactions arrived.`
      : `${rolledBackReceived} of ${rolledBack} notifications of rolled-back transactions arrived.`;
  const loss =
    'A notification is lost if the listener is not connected: read the table after connecting, and poll it rarely as well.';
  const ratio = polling.meanLatencyMs / listening.meanLatencyMs;
  return {
    headline:
      ratio > 1
        ? `Notifications arrived ${times(ratio)} sooner than polls found the messages`
        : 'Polling was as fast as notifications in this run',
    text: `${figures} ${rollback} ${loss}`,
  };
}
