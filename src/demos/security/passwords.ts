import crypto, { randomBytes, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { Problem } from '../../http/problem.ts';
import { bytes, count, ms } from '../kit/answer/units.ts';
import { demoRoute, oneOf, wholeNumber, type Lesson } from '../kit/demo.ts';
import { EventLoopProbe } from '../kit/measure/event-loop-probe.ts';
import { toMicroseconds, type Timeline } from '../kit/measure/timeline.ts';
import { argon2id, scryptOf, type PasswordHash } from './password-hash.ts';

/** How long synchronous hashes may block the event loop, by their nominal duration. */
const MAX_BLOCKED_MS = 1_000;
const PASSWORD = 'correct horse';
/** An interactive request notices a delay of this much. */
const FELT_MS = 50;
const BLOCKED_MS = 100;

const result = z.strictObject({
  algorithm: z.string(),
  parameters: z.string(),
  way: z.string(),
  logins: z.number(),
  memoryPerHashBytes: z.number(),
  elapsedMs: z.number().describe('Until every login was checked'),
  eventLoopMaxDelayMs: z.number().describe('How long other requests of this worker had to wait'),
  timerTicks: z.number().describe('Ticks of a 5 ms timer during the logins'),
  rightAccepted: z.number(),
  wrongAccepted: z.number(),
  sameHashes: z.number().describe('Equal passwords with equal hashes; a salt per password prevents that'),
  wrongPasswordMs: z.number().describe('A login with a wrong password'),
  unknownUserMs: z.number().describe('A login of an unknown user, without a hash'),
  unknownUserHashedMs: z.number().describe('The same, with the hash of a dummy password'),
  cpuMsPerHash: z.number(),
  guessesPerSecond: z
    .number()
    .describe('What an attacker with the stolen hashes can try on one core like this'),
});
type Result = z.infer<typeof result>;

interface Query {
  readonly algorithm: 'scrypt' | 'argon2id';
  readonly way: 'pool' | 'sync';
  readonly logins: number;
  readonly power: number;
}

export const passwords = demoRoute({
  method: 'get',
  path: '/passwords',
  title: 'Hash passwords',
  summary: 'Checks passwords with scrypt or Argon2id, on the thread pool or on the event loop.',
  teaches:
    'A password hash must be slow and use much memory, because an attacker with a stolen table tries billions. The ' +
    'synchronous function spends that time on the event loop. Hash for unknown users as well, or the duration reveals them.',
  query: z.object({
    algorithm: oneOf('The password hash', ['scrypt', 'argon2id']),
    way: oneOf('Where it runs', ['pool', 'sync']),
    logins: wholeNumber('Concurrent logins', { min: 1, max: 8, default: 4 }),
    power: wholeNumber('For scrypt: N is 2 to this power, with the p that OWASP recommends for it', {
      min: 13,
      max: 17,
      default: 14,
    }),
  }),
  result,
  examples: [
    { title: 'On the thread pool', query: { way: 'pool', as: 'text' } },
    { title: 'On the event loop: the wrong way', query: { way: 'sync', as: 'text' } },
    { title: 'Argon2id', query: { algorithm: 'argon2id', as: 'text' } },
  ],
  contrasts: [
    'security/passwords?way=pool',
    'security/passwords?way=sync',
    'security/passwords?algorithm=argon2id',
  ],
  async run({ query, signal, timeline, resources }) {
    const hash = chooseHash(query);
    const { logins, way } = query;
    rejectTooLong(query, hash);
    const megabytes = Math.ceil((hash.memoryBytes * logins) / 1e6);
    const observed = await resources.budgets.megabytes.use(Math.min(megabytes, 512), signal, () =>
      resources.budgets.poolTasks.use(logins, signal, () => logIn(hash, way, logins, timeline, signal)),
    );
    return { result: observed, lesson: conclude(observed) };
  },
});

function chooseHash({ algorithm, power }: Query): PasswordHash {
  if (algorithm === 'scrypt') return scryptOf(power);
  // Since Node.js 24.7, if it was built with OpenSSL 3.2 or newer.
  if ('argon2' in crypto) return argon2id;
  throw Problem.ofStatus(501, { detail: 'This Node.js has no Argon2: use algorithm=scrypt.' });
}

function rejectTooLong({ way, logins }: Query, { nominalMs }: PasswordHash): void {
  const most = Math.floor(MAX_BLOCKED_MS / nominalMs);
  if (way === 'pool' || logins <= most) return;
  const message = `must be at most ${most} with way=sync and these parameters: more would block this worker for over a second`;
  throw new Problem('invalid-input', {
    detail: `logins ${message}`,
    errors: [{ in: 'query', name: 'logins', message }],
  });
}

/** Stores the same password for each user, then logs all of them in, and tries a wrong password and an unknown user. */
async function logIn(
  hash: PasswordHash,
  way: Query['way'],
  logins: number,
  timeline: Timeline,
  signal: AbortSignal,
): Promise<Result> {
  const users = new Map<string, { readonly salt: Buffer; readonly stored: Buffer }>();
  const names = Array.from({ length: logins }, (_, index) => `user ${index + 1}`);
  const store = async (name: string) => {
    const salt = randomBytes(16);
    users.set(name, { salt, stored: await hash.onPool(PASSWORD, salt) });
  };
  await timeline.record('store', 'thread pool', () => Promise.all(names.map(store)));
  const dummy = { salt: randomBytes(16), stored: randomBytes(hash.keyBytes) };

  /** @param unknown what to compare with if there is no such user */
  const check = async (name: string, password: string, where: Query['way'], unknown?: typeof dummy) => {
    signal.throwIfAborted();
    const user = users.get(name) ?? unknown;
    if (user === undefined) return false;
    // The synchronous key is not awaited, which would add to its time.
    const key = where === 'pool' ? await hash.onPool(password, user.salt) : hash.sync(password, user.salt);
    return timingSafeEqual(user.stored, key) && users.has(name);
  };

  const probe = new EventLoopProbe();
  try {
    await new Promise((resolve) => setImmediate(resolve)); // so that the probe's timer is due while the hashes run
    const startMs = timeline.now();
    const lane = way === 'pool' ? 'thread pool' : 'event loop';
    const accepted = await Promise.all(
      names.map((name) => timeline.record(name, lane, () => check(name, PASSWORD, way))),
    );
    const elapsedMs = toMicroseconds(timeline.now() - startMs);
    const { maxDelayMs, ticks } = probe.stop();

    const cpu = process.cpuUsage();
    const timed = async (label: string, attempt: () => Promise<boolean>) => {
      const end = timeline.begin(label, 'thread pool');
      const wasAccepted = await attempt();
      const { startMs: from, endMs: to } = end();
      return { wasAccepted, tookMs: toMicroseconds(to - from) };
    };
    const wrong = await timed('wrong password', () => check('user 1', 'correct house', 'pool'));
    const hashed = await timed('unknown user, hashed', () => check('unknown', PASSWORD, 'pool', dummy));
    const { user, system } = process.cpuUsage(cpu);
    const unknown = await timed('unknown user', () => check('unknown', PASSWORD, 'pool'));

    const cpuMsPerHash = toMicroseconds((user + system) / 1000 / 2);
    return {
      algorithm: hash.name,
      parameters: hash.parameters,
      way,
      logins,
      memoryPerHashBytes: hash.memoryBytes,
      elapsedMs,
      eventLoopMaxDelayMs: maxDelayMs,
      timerTicks: ticks,
      rightAccepted: accepted.filter(Boolean).length,
      wrongAccepted: [wrong, hashed, unknown].filter(({ wasAccepted }) => wasAccepted).length,
      sameHashes: logins - new Set([...users.values()].map(({ stored }) => stored.toString('hex'))).size,
      wrongPasswordMs: wrong.tookMs,
      unknownUserMs: unknown.tookMs,
      unknownUserHashedMs: hashed.tookMs,
      cpuMsPerHash,
      guessesPerSecond: Math.round(10_000 / cpuMsPerHash) / 10,
    };
  } finally {
    probe.stop();
  }
}

function conclude(observed: Result): Lesson {
  const { logins, elapsedMs, eventLoopMaxDelayMs, timerTicks, memoryPerHashBytes } = observed;
  const delay = ms(eventLoopMaxDelayMs);
  const blocked = timerTicks === 0 && eventLoopMaxDelayMs >= FELT_MS;
  const loop = blocked
    ? `No timer fired in that time: every other request of this worker waited up to ${delay}.`
    : eventLoopMaxDelayMs >= BLOCKED_MS
      ? `Timers fired ${count(timerTicks, 'time')}, but up to ${delay} late: there were too few free CPUs, or something else blocked the event loop.`
      : eventLoopMaxDelayMs >= FELT_MS
        ? `Other requests waited up to ${delay}, which a user notices.`
        : `Other requests waited at most ${delay}.`;
  const correct = observed.rightAccepted === logins && observed.wrongAccepted === 0;
  const verdict = correct
    ? 'Every correct password was accepted; the wrong one and the unknown user were rejected.'
    : `${observed.rightAccepted} of ${logins} correct passwords and ${observed.wrongAccepted} of 3 wrong logins were accepted.`;
  const salted =
    logins === 1
      ? ''
      : observed.sameHashes === 0
        ? ' All users have the same password, but no two hashes are equal.'
        : ` ${observed.sameHashes} of the hashes equal another one.`;
  const revealed =
    `An unknown user was rejected after ${ms(observed.unknownUserMs)} without a hash and ${ms(observed.unknownUserHashedMs)} ` +
    `with a dummy hash, a wrong password after ${ms(observed.wrongPasswordMs)}` +
    // A busy machine may take several times as long for the same hash.
    (observed.unknownUserMs < Math.min(observed.wrongPasswordMs, observed.unknownUserHashedMs) / 10
      ? ': without the dummy, the duration reveals which users exist.'
      : '; these durations do not tell them apart.');
  return {
    headline: blocked
      ? `Hashing blocked the event loop for ${delay}`
      : `Hashing delayed the event loop by at most ${delay}`,
    text:
      `${count(logins, 'login')} with ${observed.algorithm} (${observed.parameters}, ${bytes(memoryPerHashBytes)} each) took ` +
      `${ms(elapsedMs)}. ${loop} ${verdict}${salted} ${revealed} At ${ms(observed.cpuMsPerHash)} of CPU time per hash, an ` +
      `attacker with a stolen table tries ${observed.guessesPerSecond} passwords per second and core.`,
  };
}
