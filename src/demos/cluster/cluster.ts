import type { Demo } from '../kit/demo.ts';
import { distribution } from './distribution.ts';
import { gain } from './gain.ts';
import { reload } from './reload.ts';
import { scheduling } from './scheduling.ts';
import { whoami } from './whoami.ts';
import { workers } from './workers.ts';

export const clusterDemo = {
  id: 'cluster',
  title: 'Cluster',
  summary:
    'Several processes behind one port: which one responds, which others exist, how requests spread, what it gains.',
  teaches:
    'The main thread of a process uses one core for JavaScript. A cluster runs several worker processes behind one port, ' +
    'and here the primary replaces a worker that dies. Exemplar sets SCHED_NONE, so the kernel distributes the connections; ' +
    "Node's default, except on Windows, is round-robin by the primary.",
  lookFor:
    'Call `whoami` several times: each new connection may reach another worker, and each worker counts for itself. In ' +
    '`scheduling`, compare `perWorker` and `pausedPrimary` of both policies. In `gain`, compare `perSecond` and `coresUsed`.',
  terms: [
    'primary and workers',
    'cluster.schedulingPolicy',
    'SCHED_NONE',
    'round-robin scheduling',
    'keep-alive',
    'load imbalance',
    'shared listening socket',
    'supervisor',
    'rolling reload',
    'zero-downtime deployment',
  ],
  readMore: [
    { title: 'How a cluster works', url: 'https://nodejs.org/api/cluster.html#how-it-works' },
    { title: 'cluster.schedulingPolicy', url: 'https://nodejs.org/api/cluster.html#clusterschedulingpolicy' },
  ],
  practices: ['5.6', '5.12'],
  routes: [whoami, workers, distribution, scheduling, gain, reload],
} satisfies Demo;
