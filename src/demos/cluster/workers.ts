import cluster from 'node:cluster';
import process from 'node:process';
import { json } from 'node:stream/consumers';
import { z } from 'zod';
import { Problem } from '../../http/problem.ts';
import { demoRoute } from '../demo.ts';
import { ask } from '../evidence/loopback.ts';
import { count } from '../evidence/words.ts';
import { findManagement } from '../work/management.ts';
import type { Tools } from '../work/tools.ts';

/** The primary answers at once or it is in trouble. */
const TIMEOUT_MS = 2_000;
const EVENTS_SHOWN = 8;

const workerRow = z.strictObject({
  worker: z.number(),
  pid: z.number(),
  slot: z.number().describe('Its place; a replacement takes the place of the one it replaces'),
  state: z.string(),
  ageS: z.number(),
  restarts: z.number().describe('How often the worker of this place was replaced'),
  requests: z.number().describe('What it has served, as of its last heartbeat'),
  heapUsedBytes: z.number(),
  thisOne: z.boolean().describe('Whether it gave this answer'),
});

const eventRow = z.strictObject({
  at: z.string(),
  event: z.string(),
  worker: z.number().optional(),
  pid: z.number().optional(),
  reason: z.string().optional(),
});

const result = z.strictObject({
  source: z.enum(['the management port', 'this process itself']),
  primaryPid: z.number().describe('The process that keeps the workers; without a cluster, this one'),
  clustered: z.boolean(),
  ready: z.number().describe('Workers in service'),
  replaced: z.number().describe('Replacements so far, over all places'),
  workers: z.array(workerRow),
  latestEvents: z.array(eventRow),
});
export type Seen = z.infer<typeof result>;

/** What is used of the answer of `/workers`; more may be in it. */
const view = z.object({
  primary: z.object({ pid: z.number() }),
  workers: z.array(
    z.object({
      id: z.number(),
      pid: z.number(),
      slot: z.number(),
      state: z.string(),
      ageS: z.number(),
      restarts: z.number(),
      report: z
        .object({
          vitals: z.object({ heapUsedBytes: z.number() }),
          requests: z.object({ total: z.number() }),
        })
        .optional(),
    }),
  ),
  events: z.array(
    z.object({
      at: z.string(),
      event: z.string(),
      worker: z.number().optional(),
      pid: z.number().optional(),
      reason: z.string().optional(),
    }),
  ),
});

export const workers = demoRoute({
  method: 'get',
  path: '/workers',
  summary: 'Lists every worker, its age and how often it was replaced, as the primary sees them.',
  teaches:
    'A worker knows nothing of the others: only the primary does, and it says so on its management port.',
  result,
  examples: [{ title: 'Who is there', query: { as: 'text' } }],
  contrasts: ['cluster/whoami'],
  async run({ signal, tools }) {
    const seen = await look(tools, signal);
    return { result: seen, lesson: conclude(seen) };
  },
});

async function look(tools: Tools, signal: AbortSignal): Promise<Seen> {
  const { clustered } = tools.dependencies;
  const management = await findManagement(tools, signal);
  if (management === undefined) return lookAtOneself(clustered);
  try {
    const timeout = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
    const response = await ask(`${management}/workers`, timeout);
    return describe(view.parse(await json(response)), clustered);
  } catch (error) {
    signal.throwIfAborted();
    throw new Problem('primary-silent', {
      detail: 'Its management port gave no answer in time.',
      cause: error,
    });
  }
}

function describe({ primary, workers: all, events }: z.infer<typeof view>, clustered: boolean): Seen {
  return {
    source: 'the management port',
    primaryPid: primary.pid,
    clustered,
    ready: all.filter(({ state }) => state === 'ready').length,
    replaced: all.reduce((sum, { restarts }) => sum + restarts, 0),
    workers: all
      .map(({ id, pid, slot, state, ageS, restarts, report }) => ({
        worker: id,
        pid,
        slot,
        state,
        ageS,
        restarts,
        requests: report?.requests.total ?? 0,
        heapUsedBytes: report?.vitals.heapUsedBytes ?? 0,
        thisOne: pid === process.pid,
      }))
      .sort((a, b) => a.slot - b.slot),
    latestEvents: events.slice(-EVENTS_SHOWN).map(({ at, event, worker, pid, reason }) => ({
      at,
      event,
      ...(worker === undefined ? {} : { worker }),
      ...(pid === undefined ? {} : { pid }),
      ...(reason === undefined ? {} : { reason }),
    })),
  };
}

/** An app without a process around it has no management port to ask. */
function lookAtOneself(clustered: boolean): Seen {
  return {
    source: 'this process itself',
    primaryPid: process.pid,
    clustered,
    ready: 1,
    replaced: 0,
    workers: [
      {
        worker: cluster.worker?.id ?? 0,
        pid: process.pid,
        slot: 0,
        state: 'ready',
        ageS: Math.round(process.uptime()),
        restarts: 0,
        requests: 0,
        heapUsedBytes: process.memoryUsage().heapUsed,
        thisOne: true,
      },
    ],
    latestEvents: [],
  };
}

export function conclude({ clustered, primaryPid, workers: all, ready, replaced }: Seen): string {
  const here = all.find(({ thisOne }) => thisOne);
  if (!clustered) {
    return `There is no cluster: process ${process.pid} serves alone, is ${here?.ageS ?? 0} s old, and nobody replaces it if it ends.`;
  }
  const ages = all.map(({ ageS }) => ageS);
  const spread = `the oldest is ${Math.max(...ages)} s old, the youngest ${Math.min(...ages)} s`;
  const most = Math.max(...all.map(({ restarts }) => restarts));
  const history =
    replaced === 0
      ? 'none was ever replaced'
      : `${count(replaced, 'replacement')} so far${replaced > 1 ? `, at most ${most} of them in the same place` : ''}`;
  const who =
    here === undefined
      ? `this one (process ${process.pid}) is no longer among them`
      : `this answer is from worker ${here.worker}`;
  return `Primary ${primaryPid} has ${count(all.length, 'worker')}, ${ready} in service; ${spread}; ${history}; ${who}.`;
}
