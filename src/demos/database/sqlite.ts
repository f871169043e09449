import { z } from 'zod';
import { ms } from '../kit/answer/units.ts';
import { withBystanders } from '../event-loop/bystanders.ts';
import { demoRoute, wholeNumber, type Lesson } from '../kit/demo.ts';
import { Timeline, toMicroseconds } from '../kit/measure/timeline.ts';
import { nextMessage } from '../kit/resources/threads.ts';
import { scratchDatabaseOf } from '../kit/database/scratch-database.ts';

const program = new URL('./sqlite-thread.ts', import.meta.url);

/** A statement that takes less blocks hardly longer than a timer waits anyway. */
const SHORT_MS = 50;

const places = ['SQLite, event loop', 'SQLite, thread', 'PostgreSQL'] as const;

const rowSchema = z.strictObject({
  place: z.enum(places),
  total: z.number().describe('The result of the statement'),
  workMs: z.number().describe('From the call to the result, including the start of a thread'),
  timerMaxDelayMs: z.number().describe('The longest delay of a 5 ms timer during the work'),
  healthSlowestMs: z.number().describe('Duration of the slowest health check'),
  healthCompleted: z.number().describe('Health checks that completed during the work'),
});
type Row = z.infer<typeof rowSchema>;

export const sqlite = demoRoute({
  method: 'get',
  path: '/sqlite',
  title: 'Run SQLite on the event loop',
  summary: 'Runs one heavy statement in SQLite on the event loop, on a thread, and on the PostgreSQL server.',
  teaches:
    '`node:sqlite` is synchronous: its statements run on the thread that calls them, and nothing else does.',
  query: z.object({
    rows: wholeNumber('Rows that the statement computes', {
      min: 10_000,
      max: 3_000_000,
      default: 1_000_000,
    }),
  }),
  result: z.strictObject({ rows: z.number(), places: z.array(rowSchema) }),
  examples: [{ title: 'In three places', query: { as: 'text' } }],
  contrasts: ['event-loop/block', 'event-loop/offload'],
  async run({ query: { rows }, resources, signal, timeline }) {
    // Loaded only here: Node.js warns that it is experimental.
    const { runSqlite, postgresText } = await import('./sqlite-statement.ts');
    const measure = async (place: Row['place'], run: () => Promise<number> | number): Promise<Row> => {
      let workMs = 0;
      const work = async () => {
        const startMs = timeline.now();
        const total = await run();
        workMs = timeline.add(place, 'statement', startMs, timeline.now()).endMs - startMs;
        return total;
      };
      // The health checks have a timeline of their own: they would hide the three bars.
      const { value: total, bystanders } = await withBystanders(work, new Timeline(), signal);
      const { timerMaxDelayMs, healthSlowestMs, healthCompleted } = bystanders;
      return {
        place,
        total,
        workMs: toMicroseconds(workMs),
        timerMaxDelayMs,
        healthSlowestMs,
        healthCompleted,
      };
    };
    const onLoop = await measure('SQLite, event loop', () => runSqlite(rows));
    const onThread = await resources.budgets.threads.use(1, signal, () =>
      measure('SQLite, thread', () =>
        resources.threads.run(
          program,
          { data: { rows }, signal },
          async (thread) => (await nextMessage<number>(thread)).message,
        ),
      ),
    );
    const onServer = await scratchDatabaseOf(resources).withClients(1, signal, (client) =>
      measure('PostgreSQL', async () => {
        const result = await client.query<{ total: string }>(postgresText, [rows]);
        return Number(result.rows[0]?.total);
      }),
    );
    return {
      result: { rows, places: [onLoop, onThread, onServer] },
      lesson: conclude(onLoop, onThread, onServer),
    };
  },
});

function conclude(onLoop: Row, onThread: Row, onServer: Row): Lesson {
  const sentences = [onLoop, onThread, onServer].map(
    ({ place, workMs, timerMaxDelayMs, healthSlowestMs }) =>
      `${place}: ${ms(workMs)}, a timer up to ${ms(timerMaxDelayMs)} late, the slowest health check ${ms(healthSlowestMs)}.`,
  );
  const figures = sentences.join(' ');
  if (onLoop.workMs < SHORT_MS)
    return {
      headline: `The statement took ${ms(onLoop.workMs)}: too short to block for long`,
      text: `${figures} Raise \`rows\` to see the difference.`,
    };
  const blocking = [onLoop, onThread, onServer].filter(
    ({ workMs, timerMaxDelayMs }) => timerMaxDelayMs > workMs / 2,
  );
  if (blocking.length === 1 && blocking[0] === onLoop)
    return {
      headline: `SQLite on the event loop delayed a timer by ${ms(onLoop.timerMaxDelayMs)}`,
      text: `${figures} On a thread SQLite blocks only that thread; a statement of PostgreSQL runs in a process of the server.`,
    };
  const blocked = blocking.map(({ place }) => place).join('; ');
  return {
    headline: blocked === '' ? 'No place blocked the event loop' : `The event loop was blocked by ${blocked}`,
    text: `${figures} A place blocks the event loop if it delays a timer for most of its work.`,
  };
}
