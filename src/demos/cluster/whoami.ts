import cluster from 'node:cluster';
import process from 'node:process';
import { z } from 'zod';
import { count } from '../kit/answer/units.ts';
import { demoRoute, type Lesson } from '../kit/demo.ts';
import { perService } from '../kit/resources/per-service.ts';

const resultSchema = z.strictObject({
  isWorker: z.boolean(),
  worker: z.number(),
  pid: z.number(),
  parentPid: z.number(),
  uptimeS: z.number(),
  responsesOfThisWorker: z.number().describe('Responses of this route since the worker started'),
  connectionRequest: z.number().describe('Ordinal of this request on its connection (1 = first)'),
});

const countsOf = perService(() => ({ total: 0, byConnection: new WeakMap<object, number>() }));

export const whoami = demoRoute({
  method: 'get',
  path: '/whoami',
  title: 'Identify the worker',
  summary: 'Shows which worker responded, and how many responses it has sent since it started.',
  teaches: 'Workers do not share memory: a counter in one worker does not see the requests of the others.',
  brief: true,
  result: resultSchema,
  examples: [{ title: 'Which worker responded' }, { title: 'Again, as text', query: { as: 'text' } }],
  contrasts: ['cluster/workers', 'cluster/distribution'],
  run({ req, resources }) {
    const counts = countsOf(resources);
    const connectionRequest = (counts.byConnection.get(req.socket) ?? 0) + 1;
    counts.byConnection.set(req.socket, connectionRequest);
    counts.total += 1;
    const result = {
      isWorker: cluster.isWorker,
      worker: cluster.worker?.id ?? 0,
      pid: process.pid,
      parentPid: process.ppid,
      uptimeS: Math.round(process.uptime() * 10) / 10,
      responsesOfThisWorker: counts.total,
      connectionRequest,
    };
    return { result, lesson: conclude(result) };
  },
});

function conclude(result: z.infer<typeof resultSchema>): Lesson {
  const { isWorker, worker, pid, parentPid, uptimeS, responsesOfThisWorker } = result;
  const responses = `${count(responsesOfThisWorker, 'response')} of this route in ${uptimeS} s`;
  return isWorker
    ? {
        headline: `Worker ${worker} sent ${responsesOfThisWorker} of these responses; others count separately`,
        text:
          `Worker ${worker} (process ${pid}, forked by ${parentPid}) has sent ${responses}. It cannot see how many the other ` +
          'workers have sent.',
      }
    : {
        headline: `Process ${pid} serves alone`,
        text: `There is no cluster: process ${pid} serves alone and has sent ${responses}.`,
      };
}
