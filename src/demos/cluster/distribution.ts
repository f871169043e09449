import { once } from 'node:events';
import { Agent, get, type IncomingMessage } from 'node:http';
import { Agent as SecureAgent } from 'node:https';
import { json } from 'node:stream/consumers';
import { TLSSocket } from 'node:tls';
import type { Request } from 'express';
import { z } from 'zod';
import { Problem } from '../../http/problem.ts';
import { count, percent } from '../kit/answer/units.ts';
import { demoRoute, oneOf, wholeNumber, type Lesson } from '../kit/demo.ts';
import type { Timeline } from '../kit/measure/timeline.ts';

/** Enough to keep the workers busy, too few to fill a backlog. */
const CONCURRENCY = 4;
const MAX_BARS = 24;

const resultSchema = z.strictObject({
  requests: z.number(),
  connections: z.number().describe('Connections that were opened for them'),
  refused: z.number().describe('Requests whose response was not a 200'),
  workers: z.array(z.strictObject({ worker: z.number(), pid: z.number(), responses: z.number() })),
  largestShare: z.number().describe('The share of the busiest worker, from 0 to 1'),
});
type Distribution = z.infer<typeof resultSchema>;

interface Responder {
  readonly worker: number;
  readonly pid: number;
}

interface Counts {
  readonly requests: number;
  readonly connections: number;
  readonly refused: number;
}

export const distribution = demoRoute({
  method: 'get',
  path: '/distribution',
  title: 'Distribute connections',
  summary: 'Sends requests to this service and counts how many each worker served.',
  teaches:
    "Exemplar sets SCHED_NONE: the kernel gives each connection to whichever worker calls accept() first, often unevenly. Node's " +
    'default, except on Windows, is round-robin by the primary: more even, but a connection on its way to a worker that ' +
    'dies is lost. A kept-alive connection stays with one worker. See docs/decisions/kernel-scheduling.md.',
  query: z.object({
    requests: wholeNumber('Requests to send', { min: 1, max: 500, default: 40 }),
    connections: oneOf('A new connection for each request, or one that is kept alive', ['fresh', 'kept']),
  }),
  result: resultSchema,
  examples: [
    { title: 'A connection for each request', query: { requests: 40, connections: 'fresh', as: 'text' } },
    { title: 'One connection for all', query: { requests: 40, connections: 'kept', as: 'text' } },
  ],
  contrasts: [
    'cluster/distribution?connections=fresh',
    'cluster/distribution?connections=kept',
    'cluster/whoami',
  ],
  async run({ query, req, signal, timeline, resources }) {
    const result = await sendRequests(req, query, timeline, signal);
    return { result, lesson: conclude(result, query.connections, resources.dependencies.clustered) };
  },
});

async function sendRequests(
  req: Request,
  query: { readonly requests: number; readonly connections: 'fresh' | 'kept' },
  timeline: Timeline,
  signal: AbortSignal,
): Promise<Distribution> {
  const keepAlive = query.connections === 'kept';
  // Its own certificate is for a name, not for this address.
  const agent =
    protocolOf(req) === 'https:'
      ? new SecureAgent({ keepAlive, rejectUnauthorized: false })
      : new Agent({ keepAlive });
  const responders: Responder[] = [];
  const counts = { requests: 0, connections: 0, refused: 0 };
  const client = async () => {
    while (counts.requests < query.requests) {
      counts.requests += 1;
      const ordinal = counts.requests;
      const startMs = timeline.now();
      const { reusedConnection, responder } = await findResponder(req, agent, signal);
      if (!reusedConnection) counts.connections += 1;
      if (responder === undefined) counts.refused += 1;
      else {
        responders.push(responder);
        if (ordinal > MAX_BARS) timeline.leaveOut();
        else timeline.add(`request ${ordinal}`, `worker ${responder.worker}`, startMs, timeline.now());
      }
    }
  };
  try {
    await Promise.all(Array.from({ length: keepAlive ? 1 : CONCURRENCY }, client));
  } finally {
    agent.destroy();
  }
  return summarize(responders, counts);
}

/** Uses the address of this request: it reaches this service whatever the configuration is. */
async function findResponder(req: Request, agent: Agent, signal: AbortSignal) {
  const { localAddress, localPort } = req.socket;
  if (localAddress === undefined || localPort === undefined) {
    throw new Problem('bad-request', { detail: 'The connection of this request has no local address.' });
  }
  const request = get({
    protocol: protocolOf(req),
    host: localAddress,
    port: localPort,
    path: `${req.baseUrl}/whoami`,
    agent,
    signal,
  });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const body = (await json(response)) as { readonly ranOn?: Responder };
  return {
    reusedConnection: request.reusedSocket,
    responder: response.statusCode === 200 ? body.ranOn : undefined,
  };
}

function protocolOf({ socket }: Request): string {
  return socket instanceof TLSSocket ? 'https:' : 'http:';
}

export function summarize(responders: readonly Responder[], counts: Counts): Distribution {
  const workers = [...Map.groupBy(responders, ({ pid }) => pid)]
    .map(([pid, served]) => ({ worker: served[0]?.worker ?? 0, pid, responses: served.length }))
    .sort((a, b) => a.worker - b.worker);
  const most = Math.max(0, ...workers.map(({ responses }) => responses));
  const largestShare = Math.round((1000 * most) / Math.max(1, responders.length)) / 1000;
  return { ...counts, workers, largestShare };
}

export function conclude(
  { requests, connections, workers, refused, largestShare }: Distribution,
  way: 'fresh' | 'kept',
  clustered: boolean,
): Lesson {
  const sent = `${count(requests, 'request')} over ${count(connections, 'connection')}`;
  const served = requests === 1 ? 'was served' : refused === 0 ? 'were all served' : 'were served';
  const lost = refused === 0 ? '' : ` ${count(refused, 'request')} did not get a 200 response.`;
  const [first] = workers;
  if (first === undefined) {
    return {
      headline: 'No worker identified itself',
      text: `${sent} reached no worker that identified itself.${lost}`,
    };
  }
  if (!clustered) {
    return {
      headline: `Without a cluster, process ${first.pid} serves every connection`,
      text: `${sent} ${served} by process ${first.pid}: there is no cluster to distribute them.${lost}`,
    };
  }
  if (workers.length > 1) {
    const shares = workers.map(({ responses, worker }) => `${responses} by worker ${worker}`).join(', ');
    const note = way === 'kept' ? ' The connection was not kept alive, or its worker was replaced.' : '';
    return {
      headline: `${workers.length} workers shared the requests; the busiest served ${percent(largestShare)}`,
      text:
        `The busiest worker served ${percent(largestShare)} of the requests; an even share would be ` +
        `${percent(1 / workers.length)}. ${sent} were served: ${shares}. Here the kernel distributes connections ` +
        `(SCHED_NONE), and need not do it evenly; Node.js by default lets the primary do it in turns (round-robin).${note}${lost}`,
    };
  }
  const text = `${sent} ${served} by worker ${first.worker}`;
  if (requests === 1) {
    return {
      headline: `Worker ${first.worker} served the only request`,
      text: `${text}. Send more to see how they are distributed.${lost}`,
    };
  }
  const headline = `Worker ${first.worker} served ${count(first.responses, 'request')} over ${count(connections, 'connection')}`;
  return way === 'kept' && connections === 1
    ? { headline, text: `${text}: a kept-alive connection stays with the worker that accepted it.${lost}` }
    : {
        headline,
        text: `${text}: it is the only one, or the others accepted no connection during the run.${lost}`,
      };
}
