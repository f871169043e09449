import { rateLimit, type RateLimitInfo, type RateLimitRequestHandler } from 'express-rate-limit';
import type { Request, Response } from 'express';
import { z } from 'zod';
import { Problem } from '../../http/problem.ts';
import { clientKey } from '../../http/rate-limit.ts';
import { demoRoute } from '../demo.ts';
import { toMicroseconds } from '../evidence/timeline.ts';
import { count, ms } from '../evidence/words.ts';
import type { Tools } from '../work/tools.ts';
import { oncePerService } from '../work/once-per-service.ts';

export const BUCKET = { limit: 10, windowMs: 10_000 } as const;
const PREFIX = 'security/rate-limit';

const result = z.strictObject({
  limit: z.number(),
  windowMs: z.number(),
  used: z.number().describe('Requests of this client in this window, over all workers'),
  remaining: z.number(),
  resetsInMs: z.number(),
  countedBy: z.enum(['the primary', 'this process']),
  askedHere: z.number().describe('Requests that this worker alone has seen in this window'),
  countingMs: z.number().describe('What it took to count this one'),
});
type Seen = z.infer<typeof result>;

interface Bucket {
  readonly limiter: RateLimitRequestHandler;
  readonly seen: { resetAt: number; asked: number };
}

const bucketOf = oncePerService(createBucket);

export const rateLimited = demoRoute({
  method: 'get',
  path: '/rate-limit',
  summary: `Lets a client pass ${BUCKET.limit} times in ${BUCKET.windowMs / 1000} seconds, over all workers; then 429.`,
  teaches:
    'Workers that count each for themselves would let a client pass as many times more as there are workers.',
  result,
  examples: [
    { title: 'One of ten', query: { as: 'text' } },
    { title: 'What is left, in the RateLimit header; repeat it until it says 429', curl: '-i' },
  ],
  contrasts: [],
  async run({ req, res, tools }) {
    const { limiter, seen } = bucketOf(tools);
    const startedAt = performance.now();
    const info = await countIn(limiter, req, res);
    const resetAt = info.resetTime?.getTime() ?? Date.now();
    // Another time of reset is another window. The clock of the primary may tick in between.
    if (Math.abs(resetAt - seen.resetAt) > 1_000) Object.assign(seen, { resetAt, asked: 0 });
    seen.asked += 1;
    const observed: Seen = {
      limit: info.limit,
      windowMs: BUCKET.windowMs,
      used: info.used,
      remaining: info.remaining,
      resetsInMs: Math.max(0, resetAt - Date.now()),
      countedBy: tools.dependencies.clustered ? 'the primary' : 'this process',
      askedHere: seen.asked,
      countingMs: toMicroseconds(performance.now() - startedAt),
    };
    return { result: observed, lesson: conclude(observed) };
  },
});

function createBucket(tools: Tools): Bucket {
  const limiter = rateLimit({
    ...BUCKET,
    standardHeaders: 'draft-8',
    legacyHeaders: false,
    identifier: 'small-bucket',
    store: tools.dependencies.createCounts(PREFIX),
    keyGenerator: clientKey,
    // It is made within a request, but once: when it is first asked for.
    validate: { xForwardedForHeader: false, creationStack: false },
    handler: (_req, _res, next) =>
      next(
        new Problem('rate-limited', {
          detail: `${BUCKET.limit} requests in ${BUCKET.windowMs / 1000} s are used up; wait as long as Retry-After says.`,
        }),
      ),
  });
  return { limiter, seen: { resetAt: 0, asked: 0 } };
}

/** Passes a request through the limiter. It fails closed: what cannot be counted does not pass. */
async function countIn(
  limiter: RateLimitRequestHandler,
  req: Request,
  res: Response,
): Promise<RateLimitInfo> {
  await new Promise<void>((resolve, reject) => {
    void limiter(req, res, (error?: unknown) => {
      if (error === undefined) resolve();
      else if (error instanceof Problem) reject(error);
      else
        reject(
          new Problem('primary-silent', {
            detail: 'It counts, and what is not counted does not pass.',
            cause: error,
          }),
        );
    });
  });
  return (req as Request & { readonly rateLimit: RateLimitInfo }).rateLimit;
}

function conclude({ limit, used, remaining, resetsInMs, countedBy, askedHere, countingMs }: Seen): string {
  const left = `${count(remaining, 'request')} left until the window ends in ${ms(resetsInMs)}`;
  if (countedBy === 'this process') {
    return `Request ${used} of ${limit}, ${left}; this process serves alone, so what it counts is exact (${ms(countingMs)}).`;
  }
  const elsewhere =
    used > askedHere
      ? `this worker has seen ${askedHere} of them and would have let ${used - askedHere} more pass by itself`
      : 'all of them came to this worker so far';
  return `Request ${used} of ${limit} over all workers, ${left}; ${elsewhere}. The primary counts, which took ${ms(countingMs)}.`;
}
