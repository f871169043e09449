import type { RequestListener } from 'node:http';
import { z } from 'zod';
import { PasswordHasher } from '../../accounts/password-hasher.ts';
import { median } from '../../shared/statistics.ts';
import { ms, times } from '../kit/answer/units.ts';
import { demoRoute, wholeNumber, type Lesson } from '../kit/demo.ts';
import { fetchResponse, overLoopback } from '../kit/measure/loopback.ts';
import { toMicroseconds, type Timeline } from '../kit/measure/timeline.ts';

/** Below the cost for real passwords, so that a run takes less than seconds: the ratio is the same. */
const LOG_N = 11;
const CHEAPER_LOG_N = 10;
/** Attempts in the timeline. */
const DRAWN = 2;
/** A difference of less than this is within the noise of a few log-ins. */
const TELLING = 1.5;

const ways = ['returns early', 'hashes at a lower cost', 'hashes anyway'] as const;

const row = z.strictObject({
  forUnknown: z.enum(ways).describe('What the log-in does for a name without an account'),
  knownMs: z.number().describe('Median of log-ins with a known name and a wrong password'),
  unknownMs: z.number().describe('Median of log-ins with an unknown name'),
  ratio: z.number().describe('How much longer the known name takes'),
  reveals: z.boolean().describe('Whether the duration tells which names have an account'),
});
const resultSchema = z.strictObject({ attempts: z.number(), rows: z.array(row) });
type Result = z.infer<typeof resultSchema>;

export const unknownUser = demoRoute({
  method: 'get',
  path: '/unknown-user',
  title: 'Find out who has an account',
  summary: 'Times requests to log in with known and unknown names, with three ways to reject an unknown one.',
  teaches:
    'The same error message is not enough: a log-in that hashes only if there is an account responds sooner if there is none. Hash ' +
    'the password of an unknown name as well, with the parameters of the others.',
  query: z.object({
    attempts: wholeNumber('Log-ins of each kind', { min: 5, max: 15, default: 7 }),
  }),
  result: resultSchema,
  examples: [{ title: 'What the duration reveals', query: { as: 'text' } }],
  contrasts: ['security/passwords', 'security/timing'],
  async run({ query: { attempts }, signal, timeline, resources }) {
    const rows = await resources.budgets.poolTasks.use(1, signal, () =>
      timeLogIns(attempts, timeline, signal),
    );
    const result = { attempts, rows };
    return { result, lesson: conclude(result) };
  },
});

async function timeLogIns(
  attempts: number,
  timeline: Timeline,
  signal: AbortSignal,
): Promise<Result['rows']> {
  const hasher = new PasswordHasher({ logN: LOG_N });
  const stored = await hasher.hash('the right password');
  const cheaper = await new PasswordHasher({ logN: CHEAPER_LOG_N }).hash('any password');
  const verify: readonly ((account: string | undefined) => Promise<boolean>)[] = [
    async (account) => account !== undefined && hasher.verify('a guess', account),
    (account) => hasher.verify('a guess', account ?? cheaper),
    (account) => hasher.verify('a guess', account),
  ];
  const logIn: RequestListener = (req, res) => {
    const [, way, name] = (req.url ?? '').split('/');
    void verify[Number(way)]?.(name === 'known' ? stored : undefined).then((isRight) => {
      res.writeHead(isRight ? 204 : 403).end();
    });
  };
  return overLoopback(logIn, async (origin) => {
    const time = async (way: number, name: 'known' | 'unknown', attempt: number) => {
      const startMs = timeline.now();
      const { status } = await fetchResponse(`${origin}/${way}/${name}`, { method: 'POST', signal });
      if (status !== 403) throw new Error(`a log-in with a wrong password got ${status}`);
      const endMs = timeline.now();
      if (attempt < DRAWN) timeline.add(`${name} name`, ways[way] ?? '', startMs, endMs);
      else timeline.leaveOut();
      return endMs - startMs;
    };
    const durations = ways.map((way) => ({ way, known: [] as number[], unknown: [] as number[] }));
    // In turns: what disturbs this machine disturbs all of them alike.
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      for (const [way, { known, unknown }] of durations.entries()) {
        known.push(await time(way, 'known', attempt));
        unknown.push(await time(way, 'unknown', attempt));
      }
    }
    return durations.map(({ way, known, unknown }) => {
      const knownMs = toMicroseconds(median(known));
      const unknownMs = toMicroseconds(median(unknown));
      const ratio = toMicroseconds(knownMs / unknownMs);
      return { forUnknown: way, knownMs, unknownMs, ratio, reveals: ratio > TELLING };
    });
  });
}

function conclude({ attempts, rows }: Result): Lesson {
  const [early, cheaper, anyway] = rows;
  if (early === undefined || cheaper === undefined || anyway === undefined)
    throw new Error('a way is missing');
  const compare = ({ knownMs, unknownMs, ratio, reveals }: Result['rows'][number]) =>
    `${ms(knownMs)} for a known name and ${ms(unknownMs)} for an unknown one ` +
    (reveals ? `(${times(ratio)} as long)` : '(no clear difference)');
  return {
    headline: anyway.reveals
      ? 'This run does not tell: something else slowed down the known name'
      : early.reveals
        ? `Returning early revealed accounts by ${times(early.ratio)}, hashing anyway did not`
        : 'This run does not tell: even returning early made no difference',
    text:
      `Medians of ${attempts} log-ins each. A log-in that returns early took ${compare(early)}. One that hashes at a lower ` +
      `cost took ${compare(cheaper)}. One that hashes with the same parameters took ${compare(anyway)}. ` +
      'Limits on log-ins slow down those who ask, but one request is enough.',
  };
}
