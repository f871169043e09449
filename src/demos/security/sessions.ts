import type { RequestListener } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { generateKeyPair, jwtVerify, SignJWT } from 'jose';
import type pg from 'pg';
import { z } from 'zod';
import { createSecret, hashSecret } from '../../accounts/secret.ts';
import { median } from '../../shared/statistics.ts';
import { ms } from '../kit/answer/units.ts';
import { scratchDatabaseOf } from '../kit/database/scratch-database.ts';
import { demoRoute, wholeNumber, type Lesson } from '../kit/demo.ts';
import { fetchResponse, overLoopback } from '../kit/measure/loopback.ts';
import { toMicroseconds, type Timeline } from '../kit/measure/timeline.ts';

const CACHE_MS = 400;
const INTERVAL_MS = 25;
/** Requests go on for so long after the token has expired. */
const MARGIN_MS = 250;

const ways = ['token', 'cached', 'session'] as const;
type Way = (typeof ways)[number];

const row = z.strictObject({
  way: z.enum(ways),
  acceptedBefore: z.boolean().describe('Whether the other machine accepted it before the log-out'),
  requests: z.number().describe('Requests after the log-out'),
  accepted: z.number().describe('How many of them were accepted'),
  workedMs: z.number().describe('From the log-out to the last one that was accepted'),
  checkMs: z.number().describe('The median time of a check'),
});
type Row = z.infer<typeof row>;

const resultSchema = z.strictObject({ lifetimeS: z.number(), cacheMs: z.number(), rows: z.array(row) });
type Result = z.infer<typeof resultSchema>;

/** Decides whether a credential is accepted. */
type Check = (credential: string) => Promise<boolean>;

export const sessions = demoRoute({
  method: 'get',
  path: '/sessions',
  title: 'Log out: a session against a token',
  summary: 'Logs out at one machine, and counts the requests that another one still accepts.',
  teaches:
    'A token is valid until it expires, whatever happens to its user: keep its lifetime short. A session that each request looks ' +
    'up ends at once and everywhere. A cache in front of it is a promise to accept it for that much longer.',
  query: z.object({
    lifetime: wholeNumber('Lifetime of the token (s), to the next whole second', {
      min: 2,
      max: 4,
      default: 2,
    }),
  }),
  result: resultSchema,
  examples: [{ title: 'What works after the log-out', query: { as: 'text' } }],
  contrasts: ['security/tokens', 'security/cookies'],
  async run({ query: { lifetime }, signal, timeline, resources }) {
    const result = await scratchDatabaseOf(resources).withClients(1, signal, async (client) => {
      await client.query('create temporary table sessions (id_hash bytea primary key)');
      return logOut(client, lifetime, timeline, signal);
    });
    return { result, lesson: conclude(result) };
  },
});

/** Two machines with the same sessions and the same key for tokens: the log-out is at one, the requests are to the other. */
async function logOut(
  client: pg.Client,
  lifetimeS: number,
  timeline: Timeline,
  signal: AbortSignal,
): Promise<Result> {
  const { privateKey, publicKey } = await generateKeyPair('ES256');
  const id = createSecret();
  await client.query('insert into sessions values ($1)', [hashSecret(id)]);
  const find: Check = async (session) => {
    const { rowCount } = await client.query('select from sessions where id_hash = $1', [hashSecret(session)]);
    return rowCount === 1;
  };
  const verify: Check = (token) =>
    jwtVerify(token, publicKey, { algorithms: ['ES256'] }).then(
      () => true,
      () => false,
    );
  const checks: Record<Way, TimedCheck> = {
    token: new TimedCheck(verify),
    cached: new TimedCheck(cache(find)),
    session: new TimedCheck(find),
  };
  const here: RequestListener = (req, res) => {
    const session = hashSecret(req.headers.authorization ?? '');
    void client
      .query('delete from sessions where id_hash = $1', [session])
      .then(() => res.writeHead(204).end());
  };
  const there: RequestListener = (req, res) => {
    const check = checks[(req.url ?? '').slice(1) as Way];
    void check.run(req.headers.authorization ?? '').then((accepted) => {
      res.writeHead(accepted ? 204 : 401).end();
    });
  };
  return overLoopback(here, (origin) =>
    overLoopback(there, async (other) => {
      const token = await new SignJWT({})
        .setProtectedHeader({ alg: 'ES256' })
        .setExpirationTime(Math.floor(Date.now() / 1000) + lifetimeS)
        .sign(privateKey);
      const ask = async (way: Way) => {
        const authorization = way === 'token' ? token : id;
        const { status } = await fetchResponse(`${other}/${way}`, { headers: { authorization }, signal });
        return status === 204;
      };
      const rows: Row[] = [];
      for (const way of ways) {
        const acceptedBefore = await ask(way);
        rows.push({ way, acceptedBefore, requests: 0, accepted: 0, workedMs: 0, checkMs: 0 });
      }
      await timeline.record('log-out', 'this machine', () =>
        fetchResponse(origin, { method: 'DELETE', headers: { authorization: id }, signal }),
      );
      const startMs = timeline.now();
      const endMs = startMs + lifetimeS * 1000 + MARGIN_MS;
      while (timeline.now() < endMs) {
        for (const each of rows) {
          const sentMs = timeline.now() - startMs;
          each.requests += 1;
          if (!(await ask(each.way))) continue;
          each.accepted += 1;
          each.workedMs = toMicroseconds(sentMs);
        }
        await sleep(INTERVAL_MS, undefined, { signal });
      }
      for (const each of rows) {
        each.checkMs = checks[each.way].medianMs;
        if (each.accepted > 0)
          timeline.add(`${each.way} accepted`, 'other machine', startMs, startMs + each.workedMs);
      }
      return { lifetimeS, cacheMs: CACHE_MS, rows };
    }),
  );
}

/** Remembers what a check has accepted. */
function cache(check: Check): Check {
  const until = new Map<string, number>();
  return async function checkOnce(credential) {
    if ((until.get(credential) ?? 0) > performance.now()) return true;
    const accepted = await check(credential);
    if (accepted) until.set(credential, performance.now() + CACHE_MS);
    return accepted;
  };
}

class TimedCheck {
  readonly #check: Check;
  readonly #durations: number[] = [];

  constructor(check: Check) {
    this.#check = check;
  }

  get medianMs(): number {
    return toMicroseconds(median(this.#durations));
  }

  async run(credential: string): Promise<boolean> {
    const startedAt = performance.now();
    try {
      return await this.#check(credential);
    } finally {
      this.#durations.push(performance.now() - startedAt);
    }
  }
}

function conclude({ lifetimeS, cacheMs, rows }: Result): Lesson {
  const of = (way: Way) => rows.find((each) => each.way === way);
  const [token, cached, session] = [of('token'), of('cached'), of('session')];
  if (token === undefined || cached === undefined || session === undefined)
    throw new Error('a way is missing');
  const unknown = rows.some(({ acceptedBefore }) => !acceptedBefore);
  const counted = ({ accepted, requests, workedMs }: Row) =>
    accepted === 0
      ? `none of ${requests} requests`
      : `${accepted} of ${requests} requests, the last one ${ms(workedMs)} after the log-out`;
  return {
    headline:
      session.accepted > 0
        ? 'A session was accepted after its end, which should be impossible'
        : unknown || token.accepted === 0
          ? 'This run does not tell: the token ended before the log-out'
          : `After log-out the token worked for ${ms(token.workedMs)}, the session never again`,
    text:
      `The log-out was at one machine, the requests were to another. It accepted ${counted(token)}, with a token of ${lifetimeS} ` +
      `seconds; ${counted(cached)}, with a session that it may cache for ${cacheMs} ms; and ${counted(session)}, with a session ` +
      `that it looks up each time. To verify the token took ${ms(token.checkMs)}, to look the session up ${ms(session.checkMs)}.`,
  };
}
