/** The service with a job that notes its attempts and its effects in tables of the test. */
import cluster from 'node:cluster';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { readConfig } from '../../src/config/config.ts';
import { readEnvironment } from '../../src/config/environment.ts';
import { defineJob } from '../../src/jobs/job.ts';
import { runPrimary } from '../../src/primary/primary.ts';
import { resourceVariables } from '../../src/resources.ts';
import type { CreatedFeatures, FeatureDependencies, FeatureSet } from '../../src/routes/feature.ts';
import { defineRoute } from '../../src/routes/route.ts';
import { runWorker } from '../../src/worker/worker.ts';

/** An attempt takes twice this time (ms): before its transaction, and within it. */
const HALF_MS = 20;

const work = defineJob({ name: 'work', data: z.strictObject({ n: z.int() }) });

async function create({ resources: { database, jobs } }: FeatureDependencies): Promise<CreatedFeatures> {
  await jobs.add(work, async ({ n }, { attempt, complete }) => {
    const values = [n, attempt, process.pid];
    await database.query('insert into attempts (n, attempt, pid) values ($1, $2, $3)', values);
    await sleep(HALF_MS);
    await complete(async (transaction) => {
      await transaction.query('insert into effects (n) values ($1)', [n]);
      await sleep(HALF_MS); // a kill is likely to interrupt the transaction
    });
  });

  const cron = process.env['TICK_CRON'];
  if (cron !== undefined) {
    const tick = defineJob({ name: 'tick', data: z.strictObject({}), schedule: { cron } });
    await jobs.add(tick, (_data, { complete }) =>
      complete((transaction) => transaction.query('insert into effects (n) values (0)')),
    );
  }

  const enqueue = defineRoute({
    method: 'post',
    path: '',
    title: 'Enqueue',
    summary: 'Enqueues a number of jobs in one transaction.',
    query: z.strictObject({ from: z.coerce.number().int(), count: z.coerce.number().int() }),
    response: z.object({ enqueued: z.number() }),
    examples: [{ title: 'Two', query: { from: 0, count: 2 } }],
    async handler({ query: { from, count } }) {
      await database.transaction(async (transaction) => {
        for (let n = from; n < from + count; n += 1) await jobs.enqueue(work, { n }, { transaction });
      });
      return { enqueued: count };
    },
  });
  return {
    features: [
      {
        id: 'jobs',
        base: '/jobs',
        title: 'Jobs',
        summary: 'Enqueues jobs for tests.',
        guard: 'public',
        routes: [enqueue],
      },
    ],
  };
}

const features: readonly FeatureSet[] = [{ load: async () => ({ create }) }];
const config = readConfig(readEnvironment(), resourceVariables);
await (cluster.isPrimary && config.WORKERS > 0 ? runPrimary(config) : runWorker(config, { features }));
