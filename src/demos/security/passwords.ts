import { randomBytes, scrypt, scryptSync, timingSafeEqual, type ScryptOptions } from 'node:crypto';
import { promisify } from 'node:util';
import { z } from 'zod';
import { bytes, count, ms, percent } from '../kit/answer/units.ts';
import { demoRoute, oneOf, wholeNumber, type Lesson } from '../kit/demo.ts';
import { EventLoopProbe } from '../kit/measure/event-loop-probe.ts';
import { toMicroseconds, type Timeline } from '../kit/measure/timeline.ts';

const derive = promisify<string, Buffer, number, ScryptOptions, Buffer>(scrypt);

const BLOCK_SIZE = 8;
const KEY_BYTES = 32;
/** https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html#scrypt */
const OWASP_MIN_POWER = 17;

const result = z.strictObject({
  way: z.string(),
  logins: z.number(),
  workFactor: z.number().describe('N of scrypt: 2 to the power of `power`'),
  memoryPerHashBytes: z.number(),
  elapsedMs: z.number(),
  meanMs: z.number().describe('Mean duration of a derivation, including the wait for a pool thread'),
  eventLoopMaxDelayMs: z.number().describe('How long other requests of this worker had to wait'),
  rightAccepted: z.number(),
  wrongAccepted: z.number(),
  sameHashes: z.number().describe('Equal passwords with equal hashes; a salt per password prevents that'),
});
type Result = z.infer<typeof result>;

interface Query {
  readonly way: 'pool' | 'sync';
  readonly logins: number;
  readonly power: number;
}

export const passwords = demoRoute({
  method: 'get',
  path: '/passwords',
  title: 'Hash passwords',
  summary: 'Hashes and verifies passwords with scrypt, on the thread pool or on the event loop.',
  teaches:
    'A password hash must be slow and use much memory. The synchronous function spends that time on the event loop.',
  query: z.object({
    way: oneOf('Where scrypt runs', ['pool', 'sync']),
    logins: wholeNumber('Concurrent logins', { min: 1, max: 16, default: 4 }),
    power: wholeNumber('Cost of scrypt: N is 2 to this power; OWASP recommends 17', {
      min: 12,
      max: 17,
      default: 14,
    }),
  }),
  result,
  examples: [
    { title: 'On the thread pool', query: { way: 'pool', as: 'text' } },
    { title: 'On the event loop: the wrong way', query: { way: 'sync', as: 'text' } },
  ],
  contrasts: ['security/passwords?way=pool', 'security/passwords?way=sync'],
  async run({ query, signal, timeline, resources }) {
    const memory = 128 * 2 ** query.power * BLOCK_SIZE;
    const megabytes = Math.ceil((memory * (query.way === 'sync' ? 1 : query.logins)) / 1e6);
    const observed = await resources.budgets.megabytes.use(Math.min(megabytes, 512), signal, () =>
      resources.budgets.poolTasks.use(query.logins, signal, () => logIn(query, memory, timeline, signal)),
    );
    return { result: observed, lesson: conclude(observed) };
  },
});

/** Stores the same password for each user, then logs in once with it and once with another. */
async function logIn(
  { way, logins, power }: Query,
  memory: number,
  timeline: Timeline,
  signal: AbortSignal,
): Promise<Result> {
  const options = { N: 2 ** power, r: BLOCK_SIZE, p: 1, maxmem: 2 * memory };
  const probe = new EventLoopProbe();
  try {
    await new Promise((resolve) => setImmediate(resolve)); // so that the probe's timer is due while scrypt runs
    const startMs = timeline.now();
    const durations: number[] = [];
    const lane = way === 'pool' ? 'thread pool' : 'event loop';
    const users = await Promise.all(
      Array.from({ length: logins }, async (_, index) => {
        const salt = randomBytes(16);
        const hash = async (password: string) => {
          signal.throwIfAborted();
          const fromMs = timeline.now();
          // The synchronous key is not awaited, which would add to its time.
          const key =
            way === 'pool'
              ? await derive(password, salt, KEY_BYTES, options)
              : scryptSync(password, salt, KEY_BYTES, options);
          const span = timeline.add(`user ${index + 1}`, lane, fromMs, timeline.now());
          durations.push(span.endMs - span.startMs);
          return key;
        };
        const stored = await hash('correct horse');
        return {
          stored,
          right: timingSafeEqual(stored, await hash('correct horse')),
          wrong: timingSafeEqual(stored, await hash('correct house')),
        };
      }),
    );
    const distinct = new Set(users.map(({ stored }) => stored.toString('hex'))).size;
    return {
      way,
      logins,
      workFactor: options.N,
      memoryPerHashBytes: memory,
      elapsedMs: toMicroseconds(timeline.now() - startMs),
      meanMs: toMicroseconds(durations.reduce((sum, each) => sum + each, 0) / durations.length),
      eventLoopMaxDelayMs: probe.stop().maxDelayMs,
      rightAccepted: users.filter(({ right }) => right).length,
      wrongAccepted: users.filter(({ wrong }) => wrong).length,
      sameHashes: logins - distinct,
    };
  } finally {
    probe.stop();
  }
}

function conclude(observed: Result): Lesson {
  const { logins, workFactor, elapsedMs, eventLoopMaxDelayMs, memoryPerHashBytes, meanMs } = observed;
  const share = eventLoopMaxDelayMs / elapsedMs;
  const delay = ms(eventLoopMaxDelayMs);
  const loop =
    share > 0.5
      ? `The event loop was blocked for ${percent(share)} of that time and served no other request.`
      : share > 0.2
        ? `The event loop was late by up to ${percent(share)} of that time, which suggests too few free CPUs.`
        : 'The event loop stayed responsive.';
  const correct = observed.rightAccepted === logins && observed.wrongAccepted === 0;
  const verdict = correct
    ? 'Every correct password was accepted and every wrong one was rejected.'
    : `${observed.rightAccepted} of ${logins} correct passwords and ${observed.wrongAccepted} wrong ones were accepted.`;
  const salted =
    logins === 1
      ? ''
      : observed.sameHashes === 0
        ? ' All users have the same password, but no two hashes are equal.'
        : ` ${observed.sameHashes} of the hashes equal another one.`;
  const weak =
    workFactor < 2 ** OWASP_MIN_POWER
      ? ` N = ${workFactor.toLocaleString('en')} is below production strength: OWASP recommends at least ${(2 ** OWASP_MIN_POWER).toLocaleString('en')}.`
      : '';
  return {
    headline:
      share > 0.5
        ? `Hashing blocked the event loop for ${delay}`
        : `Hashing delayed the event loop by at most ${delay}`,
    text: `${count(3 * logins, 'derivation')} of ${bytes(memoryPerHashBytes)} took ${ms(elapsedMs)}, ${ms(meanMs)} each. ${loop} ${verdict}${salted}${weak}`,
  };
}
