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

/** Short enough to end within a shutdown, so that a drain interrupts none. */
const WEBHOOK_TIMEOUT_MS = 5_000;

const removeExpiredKeys = defineJob({
  name: 'remove-expired-idempotency-keys',
  data: z.strictObject({}),
  schedule: { cron: '0 * * * *' },
});

/** Creates the example feature. */
export async function create({ config, resources }: FeatureDependencies): Promise<CreatedFeatures> {
  const { database, jobs, identity, outbound } = resources;
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
  // The job repeats what failed.
  const client = outbound.client({
    name: 'webhook',
    urls: 'configured',
    timeoutMs: WEBHOOK_TIMEOUT_MS,
    attemptTimeoutMs: WEBHOOK_TIMEOUT_MS,
  });
  const webhooks = new Webhooks({ database, jobs, client, url: WEBHOOK_URL, secret: WEBHOOK_SECRET });
  await webhooks.addJobs();
  return { features: [createTasks({ ...options, webhooks })] };
}
