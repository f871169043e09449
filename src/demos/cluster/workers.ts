import cluster from 'node:cluster';
import process from 'node:process';
import { z } from 'zod';
import {
  supervisionEventSchema,
  workerViewSchema,
  type ClusterView,
  type WorkerView,
} from '../../supervision/supervision.ts';
import { count } from '../kit/answer/units.ts';
import { demoRoute, type Lesson } from '../kit/demo.ts';
import { fetchClusterView } from '../kit/cluster-view.ts';
import type { DemoResources } from '../kit/resources/resources.ts';

const EVENTS_SHOWN = 8;

const rowSchema = z.strictObject({
  worker: z.number(),
  ...workerViewSchema.omit({ id: true, silentMs: true, report: true }).shape,
  requests: z.number().describe('Requests it had served at its last heartbeat'),
  heapUsedBytes: z.number(),
  thisOne: z.boolean().describe('Whether it sent this response'),
});

/** Keeps these details of an event and drops the others. */
const eventSchema = z.object({
  ...supervisionEventSchema.shape,
  worker: z.number().optional(),
  pid: z.number().optional(),
  reason: z.string().optional(),
  code: z.number().nullish().describe('The exit code of a worker that exited'),
  signal: z.string().nullish().describe('The signal that ended it'),
});

const resultSchema = z.strictObject({
  source: z.enum(['the management port', 'this process itself']),
  primaryPid: z.number().describe('The process that supervises the workers; without a cluster, this one'),
  clustered: z.boolean(),
  ready: z.number().describe('Workers in service'),
  replaced: z.number().describe('Replacements so far, of all slots'),
  workers: z.array(rowSchema),
  latestEvents: z.array(eventSchema),
});
export type Workers = z.infer<typeof resultSchema>;

export const workers = demoRoute({
  method: 'get',
  path: '/workers',
  title: 'List all workers',
  summary: 'Lists every worker with its age and number of replacements, as the primary reports them.',
  teaches: 'A worker does not know the others. The primary does, and reports them on its management port.',
  result: resultSchema,
  examples: [{ title: 'All workers', query: { as: 'text' } }],
  contrasts: ['cluster/whoami'],
  async run({ signal, resources }) {
    const result = await listWorkers(resources, signal);
    return { result, lesson: conclude(result) };
  },
});

async function listWorkers(resources: DemoResources, signal: AbortSignal): Promise<Workers> {
  const { clustered } = resources.dependencies;
  const found = await fetchClusterView(resources, signal);
  return found === undefined ? describeThisProcess(clustered) : describe(found.view, clustered);
}

function describe({ primary, workers: all, events }: ClusterView, clustered: boolean): Workers {
  return {
    source: 'the management port',
    primaryPid: primary.pid,
    clustered,
    ready: all.filter((worker) => worker.state === 'ready').length,
    replaced: all.reduce((sum, worker) => sum + worker.restarts, 0),
    workers: all.map(toRow).sort((a, b) => a.slot - b.slot),
    latestEvents: events.slice(-EVENTS_SHOWN).map((event) => eventSchema.parse(event)),
  };
}

function toRow({ id, report, silentMs: _, ...worker }: WorkerView): Workers['workers'][number] {
  return {
    worker: id,
    ...worker,
    requests: report?.requests.total ?? 0,
    heapUsedBytes: report?.vitals.heapUsedBytes ?? 0,
    thisOne: worker.pid === process.pid,
  };
}

/** Without a management port, for example if a test runs the app in its own process. */
function describeThisProcess(clustered: boolean): Workers {
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

export function conclude({ clustered, primaryPid, workers: all, ready, replaced }: Workers): Lesson {
  const self = all.find(({ thisOne }) => thisOne);
  if (!clustered) {
    return {
      headline: `Process ${process.pid} serves alone, and no primary replaces it`,
      text: `There is no cluster: process ${process.pid} is ${self?.ageS ?? 0} s old, and no primary replaces it if it exits.`,
    };
  }
  const ages = all.map((worker) => worker.ageS);
  const most = Math.max(...all.map((worker) => worker.restarts));
  const perSlot = replaced > 1 ? `, at most ${most} in the same slot` : '';
  const history =
    replaced === 0 ? 'No worker was replaced.' : `${count(replaced, 'replacement')} so far${perSlot}.`;
  const responder =
    self === undefined
      ? `This process (${process.pid}) is no longer among them.`
      : `Worker ${self.worker} sent this response.`;
  return {
    headline: `${ready} of ${count(all.length, 'worker')} ready, ${count(replaced, 'replacement')} so far`,
    text:
      `Primary ${primaryPid} supervises ${count(all.length, 'worker')}, ${ready} of them ready. ` +
      `The oldest is ${Math.max(...ages)} s old, the youngest ${Math.min(...ages)} s. ${history} ${responder}`,
  };
}
