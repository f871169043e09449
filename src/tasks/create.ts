import { z } from 'zod';
import { configOf } from '../config/declare.ts';
import { defineJob } from '../jobs/job.ts';
import type { CreatedFeatures, FeatureDependencies } from '../routes/feature.ts';
import { exitCodes } from '../supervision/exit-codes.ts';
import { StartError } from '../supervision/start-failure.ts';
import { TaskStore } from './task-store.ts';
import { createTasks } from './tasks.ts';
import { variables } from './variables.ts';
import { Webhooks } from './webhooks.ts';

const removeExpiredKeys = defineJob({
  name: 'remove-expired-idempotency-keys',
  data: z.strictObject({}),
  schedule: { cron: '0 * * * *' },
});

/** Creates the example feature. */
export async function create({ config, resources, tracing }: FeatureDependencies): Promise<CreatedFeatures> {
  const { database, jobs, identity } = resources;
  const { WEBHOOK_URL, WEBHOOK_SECRET } = configOf(variables, config);
  const store = new TaskStore(database);
  await jobs.add(removeExpiredKeys, async (_data, { signal, log }) => {
    const removed = await store.removeExpiredKeys({ signal });
    log.info({ event: 'idempotency-keys-removed', removed }, 'removed expired idempotency keys');
  });
  const options = { store, reads: identity.require('tasks:read'), writes: identity.require('tasks:write') };
  if (WEBHOOK_URL === '') return { features: [createTasks(options)] };
  if (WEBHOOK_SECRET === '') {
    throw new StartError({
      reason: 'WEBHOOK_SECRET is not set. Set it, or unset WEBHOOK_URL.',
      exitCode: exitCodes.badConfig.code,
    });
  }
  const webhooks = new Webhooks({ database, jobs, tracing, url: WEBHOOK_URL, secret: WEBHOOK_SECRET });
  await webhooks.addJobs();
  return { features: [createTasks({ ...options, webhooks })] };
}
