import type { Request, Response } from 'express';
import { rateLimit, type RateLimitInfo, type RateLimitRequestHandler } from 'express-rate-limit';
import { z } from 'zod';
import { Problem } from '../../http/problem.ts';
import { clientKey } from '../../rate-limit/client-key.ts';
import { count, ms } from '../kit/answer/units.ts';
import { demoRoute, type Lesson } from '../kit/demo.ts';
import { toMicroseconds } from '../kit/measure/timeline.ts';
import { primarySilent } from '../kit/problems.ts';
import { perService } from '../kit/resources/per-service.ts';
import type { DemoResources } from '../kit/resources/resources.ts';

const LIMIT = 10;
const WINDOW_MS = 10_000;

const result = z.strictObject({
  limit: z.number(),
  windowMs: z.number(),
  used: z.number().describe('Requests of this client in this window, over all workers'),
  remaining: z.number(),
  resetsInMs: z.number(),
  countedBy: z.enum(['the primary', 'this process']),
  servedHere: z.number().describe('Requests that this worker served in this window'),
  countingMs: z.number().describe('Duration of counting this request'),
});
type Result = z.infer<typeof result>;

/** The limiter of this service, and what this worker served in the current window. */
interface Limit {
  readonly limiter: RateLimitRequestHandler;
  readonly window: { resetAt: number; served: number };
}

const limitOf = perService(createLimit);

export const rateLimited = demoRoute({
  method: 'get',
  path: '/rate-limit',
  title: 'Shared rate limit',
  summary: `Allows a client ${LIMIT} requests in ${WINDOW_MS / 1000} seconds over all workers, then responds with 429.`,
  teaches:
    'A rate limit needs one count for all workers. With a count per worker, a client could send up to the limit to ' +
    'each of them.',
  result,
  examples: [
    { title: 'One of ten requests', query: { as: 'text' } },
    { title: 'The RateLimit header; repeat it to get 429', curl: '-i' },
  ],
  contrasts: [],
  async run({ req, res, resources }) {
    const { limiter, window } = limitOf(resources);
    const startedAt = performance.now();
    const info = await countRequest(limiter, req, res);
    const resetAt = info.resetTime?.getTime() ?? Date.now();
    // A new window has another reset time. Small differences come from the two clocks.
    if (Math.abs(resetAt - window.resetAt) > 1_000) Object.assign(window, { resetAt, served: 0 });
    window.served += 1;
    const observed: Result = {
      limit: info.limit,
      windowMs: WINDOW_MS,
      used: info.used,
      remaining: info.remaining,
      resetsInMs: Math.max(0, resetAt - Date.now()),
      countedBy: resources.dependencies.clustered ? 'the primary' : 'this process',
      servedHere: window.served,
      countingMs: toMicroseconds(performance.now() - startedAt),
    };
    return { result: observed, lesson: conclude(observed) };
  },
});

function createLimit({ dependencies }: DemoResources): Limit {
  const limiter = rateLimit({
    limit: LIMIT,
    windowMs: WINDOW_MS,
    standardHeaders: 'draft-8',
    legacyHeaders: false,
    identifier: 'small-bucket',
    store: dependencies.createRateLimitStore('security/rate-limit'),
    keyGenerator: clientKey,
    // Created while a request is handled, but only once.
    validate: { xForwardedForHeader: false, creationStack: false },
    handler: (_req, _res, next) =>
      next(
        new Problem('rate-limited', {
          detail: `All ${LIMIT} requests in ${WINDOW_MS / 1000} s are used. Retry after the time given in Retry-After.`,
        }),
      ),
  });
  return { limiter, window: { resetAt: 0, served: 0 } };
}

/** Counts a request. It fails closed: a request that cannot be counted is rejected. */
async function countRequest(
  limiter: RateLimitRequestHandler,
  req: Request,
  res: Response,
): Promise<RateLimitInfo> {
  await new Promise<void>((resolve, reject) => {
    void limiter(req, res, (error?: unknown) => {
      if (error === undefined) resolve();
      else if (error instanceof Problem) reject(error);
      else {
        const detail = 'The primary could not be reached to count this request, so it was refused.';
        reject(new Problem(primarySilent, { detail, cause: error }));
      }
    });
  });
  return (req as Request & { readonly rateLimit: RateLimitInfo }).rateLimit;
}

function conclude({ limit, used, remaining, resetsInMs, countedBy, servedHere, countingMs }: Result): Lesson {
  const left = `${count(remaining, 'request')} left until the window ends in ${ms(resetsInMs)}.`;
  if (countedBy === 'this process') {
    return {
      headline: `Request ${used} of ${limit} in this window`,
      text: `${left} This process serves alone, so its own count is exact. Counting took ${ms(countingMs)}.`,
    };
  }
  const elsewhere =
    used > servedHere
      ? `This worker served ${servedHere} of them: with a count of its own it would allow ${used - servedHere} more.`
      : 'This worker served all of them so far.';
  return {
    headline: `Request ${used} of ${limit} in this window, over all workers`,
    text: `${left} ${elsewhere} The primary counts for all workers; counting this request took ${ms(countingMs)}.`,
  };
}
