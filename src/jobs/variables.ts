import { choice, type Variables } from '../config/declare.ts';

export const variables = {
  JOBS: choice(['worker', 'off', 'only'], {
    doc: 'Where jobs run. worker: in each worker. off: not in this process; it only enqueues. only: this process runs jobs and serves no feature.',
    default: 'worker',
  }),
} satisfies Variables;
