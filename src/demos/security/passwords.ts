import { randomBytes, scrypt, scryptSync, timingSafeEqual, type ScryptOptions } from 'node:crypto';
import { promisify } from 'node:util';
import { z } from 'zod';
import { demoRoute, oneOf, wholeNumber } from '../demo.ts';
import { EventLoopProbe } from '../evidence/event-loop-probe.ts';
import { toMicroseconds, type Timeline } from '../evidence/timeline.ts';
import { bytes, count, ms, percent } from '../evidence/words.ts';

const derive = promisify<string, Buffer, number, ScryptOptions, Buffer>(scrypt);

const BLOCK_SIZE = 8;
const KEY_BYTES = 32;

const result = z.strictObject({
  way: z.string(),
  logins: z.number(),
  workFactor: z.number().describe('The N of scrypt: 2 to the power that was asked for'),
  memoryOfEachBytes: z.number(),
  elapsedMs: z.number(),
  meanMs: z
    .number()
    .describe('From asking for a derivation to its result, waiting for a pool thread included'),
  eventLoopMaxDelayMs: z.number().describe('What every other request of this worker had to wait'),
  rightAccepted: z.number(),
  wrongAccepted: z.number(),
  sameHashes: z.number().describe('Equal passwords with equal hashes; a salt for each prevents that'),
});
type Seen = z.infer<typeof result>;

type Derive = (password: string, salt: Buffer) => Promise<Buffer>;

export const passwords = demoRoute({
  method: 'get',
  path: '/passwords',
  summary: 'Hashes and checks passwords with scrypt, on the thread pool or on the event loop itself.',
  teaches:
    'A password hash must be slow and take memory; the synchronous function spends that time on the event loop.',
  query: z.object({
    way: oneOf('Where scrypt runs', ['pool', 'sync']),
    logins: wholeNumber('People who log in at once', { min: 1, max: 16, default: 4 }),
    power: wholeNumber('The work factor is 2 to this power', { min: 12, max: 17, default: 14 }),
  }),
  result,
  examples: [
    { title: 'On the pool', query: { way: 'pool', as: 'text' } },
    { title: 'On the event loop: the wrong way', query: { way: 'sync', as: 'text' } },
  ],
  contrasts: ['security/passwords?way=pool', 'security/passwords?way=sync'],
  async run({ query, signal, timeline, tools }) {
    const memory = 128 * 2 ** query.power * BLOCK_SIZE;
    const megabytes = Math.ceil((memory * (query.way === 'sync' ? 1 : query.logins)) / 1e6);
    const seen = await tools.budgets.megabytes.use(Math.min(megabytes, 512), signal, () =>
      tools.budgets.poolTasks.use(query.logins, signal, () => logIn(query, memory, timeline, signal)),
    );
    return { result: seen, lesson: conclude(seen) };
  },
});

async function logIn(
  { way, logins, power }: { readonly way: 'pool' | 'sync'; readonly logins: number; readonly power: number },
  memory: number,
  timeline: Timeline,
  signal: AbortSignal,
): Promise<Seen> {
  const options = { N: 2 ** power, r: BLOCK_SIZE, p: 1, maxmem: 2 * memory };
  const probe = new EventLoopProbe();
  try {
    await new Promise((resolve) => setImmediate(resolve)); // so that the probe's timer is due while scrypt runs
    const startMs = timeline.now();
    const took: number[] = [];
    // Each stores the same password, then logs in with it and once with another.
    const people = await Promise.all(
      Array.from({ length: logins }, async (_, person) => {
        const salt = randomBytes(16);
        const timed: Derive = async (password, saltUsed) => {
          signal.throwIfAborted();
          const fromMs = timeline.now();
          // No await where none is needed: the end is noted as soon as it is reached.
          const key =
            way === 'pool'
              ? await derive(password, saltUsed, KEY_BYTES, options)
              : scryptSync(password, saltUsed, KEY_BYTES, options);
          const lane = way === 'pool' ? 'thread pool' : 'event loop';
          const span = timeline.add(`person ${person + 1}`, lane, fromMs, timeline.now());
          took.push(span.endMs - span.startMs);
          return key;
        };
        const stored = await timed('correct horse', salt);
        return {
          stored,
          right: timingSafeEqual(stored, await timed('correct horse', salt)),
          wrong: timingSafeEqual(stored, await timed('correct house', salt)),
        };
      }),
    );
    const distinct = new Set(people.map(({ stored }) => stored.toString('hex'))).size;
    return {
      way,
      logins,
      workFactor: options.N,
      memoryOfEachBytes: memory,
      elapsedMs: toMicroseconds(timeline.now() - startMs),
      meanMs: toMicroseconds(took.reduce((sum, each) => sum + each, 0) / took.length),
      eventLoopMaxDelayMs: probe.stop().maxDelayMs,
      rightAccepted: people.filter(({ right }) => right).length,
      wrongAccepted: people.filter(({ wrong }) => wrong).length,
      sameHashes: logins - distinct,
    };
  } finally {
    probe.stop();
  }
}

function conclude(seen: Seen): string {
  const { logins, elapsedMs, eventLoopMaxDelayMs, memoryOfEachBytes, meanMs } = seen;
  const share = eventLoopMaxDelayMs / elapsedMs;
  const cost = `${count(3 * logins, 'derivation')} of ${bytes(memoryOfEachBytes)} took ${ms(elapsedMs)}, ${ms(meanMs)} each`;
  const loop =
    share > 0.5
      ? `the event loop was held for ${ms(eventLoopMaxDelayMs)}, ${percent(share)} of it: nobody else was served`
      : share > 0.2
        ? `the event loop was late by up to ${ms(eventLoopMaxDelayMs)}, ${percent(share)} of it: the cores are short`
        : `the event loop was at most ${ms(eventLoopMaxDelayMs)} late: others were served meanwhile`;
  const verdict =
    seen.rightAccepted === logins && seen.wrongAccepted === 0
      ? 'every right password was accepted and no wrong one'
      : `${seen.rightAccepted} of ${logins} right passwords and ${seen.wrongAccepted} wrong ones were accepted`;
  const salted =
    logins === 1
      ? ''
      : seen.sameHashes === 0
        ? ', and though all had the same password no two hashes were the same'
        : `, and ${seen.sameHashes} of the hashes were the same as another`;
  return `${cost}; ${loop}; ${verdict}${salted}.`;
}
