import { setTimeout as sleep } from 'node:timers/promises';
import { killWorkers } from '../../support/kill-workers.ts';
import { until } from '../../support/program.ts';
import { DatabaseServer } from '../database-server.ts';
import type { Fault } from '../fault.ts';
import { send } from '../traffic.ts';

const JOBS_PER_KILL = 10;
/** Less than an attempt takes, so that most kills interrupt one. */
const KILL_WITHIN_MS = 100;
/** Ten seconds without a heartbeat, and the delay before a retry. */
const TAKEN_OVER_MS = 20_000;

const TABLES = `
  create table attempts (id integer primary key generated always as identity,
    n integer, pid integer, at timestamptz default clock_timestamp());
  create table effects (n integer not null)`;
/** How long after an attempt that was interrupted the next one of its job began (ms). */
const TAKEOVERS = `
  select coalesce(percentile_disc(0.5) within group (order by ms), 0)::integer as median,
    count(ms)::integer as count
  from (select 1000 * extract(epoch from at - lag(at) over (partition by n order by id)) as ms from attempts)`;

export const runnersKilled: Fault = {
  name: 'runners-killed',
  expects:
    'SIGKILL of job runners in the middle of their jobs: others take the jobs over; every job done, each effect once',
  async run(sandbox) {
    const database = await DatabaseServer.start(sandbox);
    await database.query(TABLES);
    const env = { DATABASE_URL: database.url };
    const web = await sandbox.start({ ...env, JOBS: 'off', WORKERS: '1' });
    const runners = await sandbox.start({ ...env, JOBS: 'only', WORKERS: '2' });
    const kills = sandbox.short ? 4 : 20;
    const jobs = kills * JOBS_PER_KILL;

    const killed: number[] = [];
    await killWorkers(runners, { kills, workers: 2 }, async (kill) => {
      const [last] = await database.query<{ id: number }>('select coalesce(max(id), 0) as id from attempts');
      const query = `from=${kill * JOBS_PER_KILL}&count=${JOBS_PER_KILL}`;
      await send({ url: `${web.url}/faults/jobs?${query}`, method: 'POST' });
      // The database may still run the last statement of a killed process.
      const pid = await until('an attempt', async () => {
        const [begun] = await database.query<{ pid: number }>(
          'select pid from attempts where id > $1 and pid <> all($2) order by id limit 1',
          [last?.id ?? 0, killed],
        );
        return begun?.pid;
      });
      killed.push(pid);
      await sleep(Math.random() * KILL_WITHIN_MS);
      sandbox.show(`${killed.length} runners killed`);
      return pid;
    });
    const countEffects = async () =>
      (await database.query<{ n: number }>('select n from effects')).map(({ n }) => n);
    await until(
      'every effect',
      async () => ((await countEffects()).length >= jobs ? true : undefined),
      120_000,
    ).catch(() => undefined);
    await sleep(1_000); // for one that would be done twice
    const effects = await countEffects();
    const [takeovers] = await database.query<{ median: number; count: number }>(TAKEOVERS);
    const again = takeovers?.count ?? 0;
    const medianMs = takeovers?.median ?? 0;
    return {
      figure: `${jobs} jobs, ${kills} runners killed: ${effects.length} effects of ${new Set(effects).size} jobs; ${again} attempts taken over after ${medianMs} ms (median)`,
      checks: {
        'every job done': new Set(effects).size === jobs,
        'each effect once': effects.length === jobs,
        'the kills interrupted jobs': again > 0,
        'taken over within seconds': medianMs < TAKEN_OVER_MS,
      },
    };
  },
};
