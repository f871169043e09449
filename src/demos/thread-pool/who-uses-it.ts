import { pbkdf2, randomBytes } from 'node:crypto';
import { lookup, Resolver } from 'node:dns/promises';
import { readdir, stat } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { z } from 'zod';
import { demoRoute, wholeNumber } from '../demo.ts';
import { ask, overLoopback } from '../evidence/loopback.ts';
import { toMicroseconds, type Timeline } from '../evidence/timeline.ts';
import { count, ms } from '../evidence/words.ts';
import { median, timed, whilePoolIsFull, type Answered } from './full-pool.ts';
import { withNameServer } from './name-server.ts';

const QUIET_SAMPLES = 5;
/**
 * Who waits is answered after at least this share of the keys that the last of all had to wait for. The share spares
 * those that were only slow, for the cores were busy, and so outlasted a key or two.
 */
const WAITED_FROM = 0.25;

const row = z.strictObject({
  operation: z.string(),
  freeMs: z.number().describe('Latency while the pool is free'),
  fullMs: z.number().describe('Latency while it is full'),
  ratio: z.number().describe('fullMs by freeMs'),
  keysBefore: z.number().describe('Keys that were done when it was answered'),
  waits: z.boolean().describe('Whether it waited for keys'),
});
export type Row = z.infer<typeof row>;

type Operations = Readonly<Record<string, () => Promise<unknown>>>;
type Answers = Readonly<Record<string, Answered>>;

export const whoUsesIt = demoRoute({
  method: 'get',
  path: '/who-uses-it',
  summary: 'Which operations wait behind a full pool: each is tried, and its latency decides.',
  teaches:
    'fs, dns.lookup, asynchronous crypto and zlib run on the pool; sockets and dns.resolve are served by the event loop ' +
    'itself and do not wait.',
  query: z.object({
    tasks: wholeNumber('Keys that fill the pool', { min: 1, max: 64, default: 16 }),
    iterations: wholeNumber('Rounds of each derivation', { min: 1_000, max: 200_000, default: 80_000 }),
  }),
  result: z.strictObject({
    tasks: z.number(),
    poolBusyMs: z.number().describe('How long there were keys to derive'),
    operations: z.array(row),
  }),
  examples: [
    { title: 'Who waits', query: { as: 'text' } },
    { title: 'One key leaves room in a pool of four: nobody waits', query: { tasks: 1, as: 'text' } },
  ],
  contrasts: ['thread-pool/starve', 'thread-pool/pbkdf2'],
  async run({ query: { tasks, iterations }, signal, timeline, tools }) {
    const result = await tools.budgets.poolTasks.use(tasks, signal, () =>
      withOperations(signal, async (operations) => {
        const free = await tryInTurn(operations);
        signal.throwIfAborted();
        const end = timeline.begin(count(tasks, 'key'), 'pool');
        const { value: full, fullMs } = await whilePoolIsFull(tasks, iterations, (keysDone) =>
          tryTogether(operations, keysDone, timeline),
        );
        end();
        return {
          tasks,
          poolBusyMs: toMicroseconds(fullMs),
          operations: compare(free, full),
        };
      }),
    );
    return { result, lesson: conclude(result.operations, result.poolBusyMs) };
  },
});

/** Lends the operations, each of which takes well under a millisecond where nothing is in its way. */
function withOperations<T>(signal: AbortSignal, work: (operations: Operations) => Promise<T>): Promise<T> {
  const folder = new URL('.', import.meta.url);
  const sample = Buffer.alloc(4_096, 'pool');
  const [derive, random, compress] = [promisify(pbkdf2), promisify(randomBytes), promisify(gzip)];
  return withNameServer((server) =>
    overLoopback(
      (_req, res) => res.end('here'),
      async (origin) => {
        // With the usual four tries: after quick answers c-ares waits much less than this, and counts an answer as lost
        // that a busy event loop has not read yet.
        const resolver = new Resolver({ timeout: 5_000 });
        resolver.setServers([server]);
        let asked = 0;
        try {
          return await work({
            'fs.stat': () => stat(folder),
            'fs.readdir': () => readdir(folder),
            'dns.lookup': () => lookup('localhost').catch(() => undefined),
            // A new name each time, so that no cache can answer.
            'dns.resolve': () => resolver.resolve4(`name-${(asked += 1)}.test`),
            'crypto.pbkdf2': () => derive('password', 'salt', 1, 64, 'sha512'),
            'crypto.randomBytes': () => random(4_096),
            'zlib.gzip': () => compress(sample),
            'socket (HTTP)': async () => text(await ask(origin, signal)),
          });
        } finally {
          resolver.cancel();
        }
      },
    ),
  );
}

/** Each a few times, one after the other: what it takes where nothing is in its way. */
async function tryInTurn(operations: Operations): Promise<Readonly<Record<string, number>>> {
  const latencies: Record<string, number> = {};
  for (const [name, run] of Object.entries(operations)) {
    await run(); // the first of a process is slower
    const samples = [];
    while (samples.length < QUIET_SAMPLES) samples.push((await timed(run)).latencyMs);
    latencies[name] = median(samples);
  }
  return latencies;
}

/** Each once, all at this moment. */
async function tryTogether(
  operations: Operations,
  keysDone: () => number,
  timeline: Timeline,
): Promise<Answers> {
  const all = Object.entries(operations).map(async ([name, run]): Promise<[string, Answered]> => {
    const end = timeline.begin(name, 'while full');
    const answered = await timed(run, keysDone);
    end();
    return [name, answered];
  });
  return Object.fromEntries(await Promise.all(all));
}

/**
 * Decides for each operation, by the keys that it had to wait for. The ratio of the latencies would not do: what takes
 * a tenth of a millisecond takes ten times as long as soon as all cores are busy, and has waited for no pool thread.
 */
export function compare(free: Readonly<Record<string, number>>, full: Answers): Row[] {
  const most = Math.max(...Object.values(full).map(({ keysBefore }) => keysBefore));
  const waitedFrom = Math.max(1, WAITED_FROM * most);
  return Object.entries(full).map(([operation, { latencyMs, keysBefore }]) => ({
    operation,
    freeMs: toMicroseconds(free[operation] ?? 0),
    fullMs: toMicroseconds(latencyMs),
    ratio: toMicroseconds(latencyMs / (free[operation] ?? latencyMs)),
    keysBefore,
    waits: keysBefore >= waitedFrom,
  }));
}

export function conclude(rows: readonly Row[], busyMs: number): string {
  const waiting = rows.filter(({ waits }) => waits);
  const others = rows.filter(({ waits }) => !waits);
  const names = (some: readonly Row[]) => some.map(({ operation }) => operation).join(', ');
  const range = (some: readonly Row[]) =>
    `${ms(Math.min(...some.map(({ fullMs }) => fullMs)))} to ${ms(Math.max(...some.map(({ fullMs }) => fullMs)))}`;
  const busy = `The pool had keys to derive for ${ms(busyMs)}`;
  if (waiting.length === 0) {
    return `${busy}, yet everything was answered before one was done (${range(rows)}): there were not enough keys to fill the pool, so this run does not tell who uses it.`;
  }
  const free =
    others.length === 0
      ? 'nothing went past it'
      : `${names(others)} did not (${range(others)}): they need no pool thread`;
  return `${busy}. ${names(waiting)} waited for it (${range(waiting)}); ${free}.`;
}
