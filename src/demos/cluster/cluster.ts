import cluster from 'node:cluster';
import process from 'node:process';
import { z } from 'zod';
import { distribution } from './distribution.ts';
import { workers } from './workers.ts';
import { demoRoute, type Demo, type DemoCall } from '../demo.ts';
import { count } from '../evidence/words.ts';
import { oncePerService } from '../work/once-per-service.ts';

export const clusterDemo = {
  id: 'cluster',
  title: 'Cluster',
  summary: 'Several processes behind one port: who answers, who else is there, how requests spread.',
  teaches:
    'One Node.js process uses one core for JavaScript. A cluster runs several workers behind one port: they share a ' +
    'listening socket, the kernel gives each connection to a worker that waits for one, and the primary replaces a ' +
    'worker that dies.',
  lookFor:
    'Ask whoami several times: each new connection may meet another worker, and each worker counts alone.',
  practices: ['5.6', '5.12'],
  routes: [
    demoRoute({
      method: 'get',
      path: '/whoami',
      summary: 'Says which worker answered, and how many answers it has given since it started.',
      teaches: 'Memory is not shared between workers: a counter in one knows nothing of the others.',
      result: z.strictObject({
        isWorker: z.boolean(),
        worker: z.number(),
        pid: z.number(),
        parentPid: z.number(),
        uptimeS: z.number(),
        answersOfThisWorker: z.number(),
        connectionRequest: z.number().describe('The how-manieth request this was on its connection'),
      }),
      examples: [{ title: 'Who answered' }, { title: 'Again, as text', query: { as: 'text' } }],
      contrasts: ['cluster/workers', 'cluster/distribution'],
      run: whoami,
    }),
    workers,
    distribution,
  ],
} satisfies Demo;

const answersOf = oncePerService(() => ({ total: 0, on: new WeakMap<object, number>() }));

function whoami({ req, tools }: DemoCall<undefined, undefined, undefined>) {
  const answers = answersOf(tools);
  answers.total += 1;
  const connectionRequest = (answers.on.get(req.socket) ?? 0) + 1;
  answers.on.set(req.socket, connectionRequest);
  const worker = cluster.worker?.id ?? 0;
  const uptimeS = Math.round(process.uptime() * 10) / 10;
  return {
    result: {
      isWorker: cluster.isWorker,
      worker,
      pid: process.pid,
      parentPid: process.ppid,
      uptimeS,
      answersOfThisWorker: answers.total,
      connectionRequest,
    },
    lesson: cluster.isWorker
      ? `Worker ${worker} (process ${process.pid}, forked by ${process.ppid}) has given ${count(answers.total, 'answer')} of this kind in ${uptimeS} s; what other workers gave it does not know.`
      : `There is no cluster: process ${process.pid} serves alone, and has given ${count(answers.total, 'answer')} of this kind in ${uptimeS} s.`,
  };
}
