import { once } from 'node:events';
import { Agent, get, type IncomingMessage } from 'node:http';
import { json } from 'node:stream/consumers';
import type { Request } from 'express';
import { z } from 'zod';
import { Problem } from '../../http/problem.ts';
import { demoRoute, oneOf, wholeNumber } from '../demo.ts';
import type { Timeline } from '../evidence/timeline.ts';
import { count } from '../evidence/words.ts';

/** So many requests are on their way at once: enough to keep the workers busy, too few to fill a backlog. */
const AT_ONCE = 4;
/** More bars would show nothing more. */
const DRAWN = 24;

const workerRow = z.strictObject({ worker: z.number(), pid: z.number(), answers: z.number() });

const result = z.strictObject({
  requests: z.number(),
  connections: z.number().describe('Connections that were made for them'),
  refused: z.number().describe('Requests that got another answer than 200'),
  workers: z.array(workerRow),
  largestShare: z.number().describe('The share of the busiest worker, from 0 to 1'),
});
type Spread = z.infer<typeof result>;

interface Visit {
  readonly worker: number;
  readonly pid: number;
}

export const distribution = demoRoute({
  method: 'get',
  path: '/distribution',
  summary: 'Asks this very service again and again, and counts which worker answered how often.',
  teaches:
    'The kernel gives each new connection to a worker that waits for one; all requests of a connection that is kept go to the same.',
  query: z.object({
    requests: wholeNumber('Requests to make', { min: 1, max: 500, default: 40 }),
    connections: oneOf('A fresh connection for each request, or one that is kept', ['fresh', 'kept']),
  }),
  result,
  examples: [
    { title: 'A connection for each request', query: { requests: 40, as: 'text' } },
    { title: 'One connection for all', query: { requests: 40, connections: 'kept', as: 'text' } },
  ],
  contrasts: [
    'cluster/distribution?connections=fresh',
    'cluster/distribution?connections=kept',
    'cluster/whoami',
  ],
  async run({ query, req, signal, timeline, tools }) {
    const spread = await visitMany(req, query, timeline, signal);
    return { result: spread, lesson: conclude(spread, query.connections, tools.dependencies.clustered) };
  },
});

async function visitMany(
  req: Request,
  { requests, connections }: { readonly requests: number; readonly connections: 'fresh' | 'kept' },
  timeline: Timeline,
  signal: AbortSignal,
): Promise<Spread> {
  const kept = connections === 'kept';
  const agent = new Agent({ keepAlive: kept });
  const visits: Visit[] = [];
  const seen = { asked: 0, connections: 0, refused: 0 };
  const visitor = async () => {
    while (seen.asked < requests) {
      seen.asked += 1;
      const request = seen.asked;
      const startMs = timeline.now();
      const { reused, visit } = await whoAnswers(req, agent, signal);
      if (!reused) seen.connections += 1;
      if (visit === undefined) seen.refused += 1;
      else {
        visits.push(visit);
        if (request > DRAWN) timeline.leaveOut();
        else timeline.add(`request ${request}`, `worker ${visit.worker}`, startMs, timeline.now());
      }
    }
  };
  try {
    await Promise.all(Array.from({ length: kept ? 1 : AT_ONCE }, visitor));
  } finally {
    agent.destroy();
  }
  return summarize(visits, seen);
}

/** Asks the address on which this request came: it is this service's own, whatever the configuration says. */
async function whoAnswers(req: Request, agent: Agent, signal: AbortSignal) {
  const { localAddress, localPort } = req.socket;
  if (localAddress === undefined || localPort === undefined) {
    throw new Problem('bad-request', { detail: 'This request came over no address that could be asked.' });
  }
  const request = get({ host: localAddress, port: localPort, path: `${req.baseUrl}/whoami`, agent, signal });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const body = (await json(response)) as { readonly ranOn?: Visit };
  return { reused: request.reusedSocket, visit: response.statusCode === 200 ? body.ranOn : undefined };
}

export function summarize(
  visits: readonly Visit[],
  seen: { readonly asked: number; readonly connections: number; readonly refused: number },
): Spread {
  const workers = [...Map.groupBy(visits, ({ pid }) => pid)]
    .map(([pid, answers]) => ({ worker: answers[0]?.worker ?? 0, pid, answers: answers.length }))
    .sort((a, b) => a.worker - b.worker);
  const most = Math.max(0, ...workers.map(({ answers }) => answers));
  return {
    requests: seen.asked,
    connections: seen.connections,
    refused: seen.refused,
    workers,
    largestShare: Math.round((1000 * most) / Math.max(1, visits.length)) / 1000,
  };
}

export function conclude(
  { requests, connections, workers, refused }: Spread,
  way: 'fresh' | 'kept',
  clustered: boolean,
): string {
  const asked = `${count(requests, 'request')} over ${count(connections, 'connection')}`;
  const lost = refused === 0 ? '' : ` ${count(refused, 'request')} got no answer to count.`;
  if (workers.length === 0) return `${asked} met nobody who said who it was.${lost}`;
  const shares = workers.map(({ answers, worker }) => `${answers} by worker ${worker}`).join(', ');
  const answered = requests === 1 ? 'was answered' : refused === 0 ? 'were all answered' : 'were answered';
  const first = workers[0]?.worker;
  if (!clustered) {
    return `${asked} ${answered} by process ${workers[0]?.pid}: there is no cluster to spread them over.${lost}`;
  }
  if (workers.length > 1) {
    const note = way === 'kept' ? ' The connection was not kept, or its worker was replaced.' : '';
    return `${asked} were answered, ${shares}: the kernel spreads connections, not work.${note}${lost}`;
  }
  if (requests === 1)
    return `${asked} was answered by worker ${first}; ask for more to see whether they spread.${lost}`;
  return way === 'kept' && connections === 1
    ? `${asked} ${answered} by worker ${first}: a kept connection stays with the worker that it was given to.${lost}`
    : `${asked} ${answered} by worker ${first}: it is the only one, or the others took no connection meanwhile.${lost}`;
}
