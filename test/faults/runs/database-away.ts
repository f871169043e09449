/** A database that is away for a while, as a whole or for some. */
import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseServer } from '../database-server.ts';
import type { Fault, Finding } from '../fault.ts';
import type { Sandbox } from '../sandbox.ts';
import { databaseSettings, TaskTraffic, untilReadiness } from '../task-traffic.ts';
import { send } from '../traffic.ts';

const FOLLOWS_MS = 2_000;
const FULL_STRENGTH_MS = 5_000;
const AWAY_MS = 4_000;
/** Tasks to be created before a fault and after it. */
const CREATED = 50;

interface Outage {
  readonly begin: (database: DatabaseServer) => Promise<void> | void;
  readonly end: (database: DatabaseServer) => Promise<void> | void;
}

/** Takes the database away under load and gives it back. */
async function measureOutage(sandbox: Sandbox, { begin, end }: Outage): Promise<Finding> {
  const database = await DatabaseServer.start(sandbox);
  const program = await sandbox.start({ ...databaseSettings, DATABASE_URL: database.url });
  const traffic = new TaskTraffic(program);
  await traffic.untilCreated(CREATED);
  const before = traffic.unavailable;
  await begin(database);
  sandbox.show('the database is away');
  const noticedMs = await untilReadiness(program, false);
  await sleep(AWAY_MS);
  const { status: live } = await send({ url: `${program.url}/livez` });
  const refused = traffic.unavailable - before;
  await end(database);
  sandbox.show('the database is back');
  const [backMs, createdMs] = await Promise.all([
    untilReadiness(program, true),
    traffic.untilCreated(CREATED),
  ]);
  const { figure, checks } = await traffic.conclude();
  return {
    figure: `not ready after ${noticedMs} ms, ready again after ${backMs} ms, ${CREATED} tasks created ${createdMs} ms after its return; ${figure}`,
    checks: {
      ...checks,
      '503 while away': refused > 0,
      'not ready within 2 s': noticedMs < FOLLOWS_MS,
      'ready again within 2 s': backMs < FOLLOWS_MS,
      'full strength within seconds': createdMs < FULL_STRENGTH_MS,
      'alive while away': live === 200,
    },
  };
}

export const databaseStopped: Fault = {
  name: 'database-stopped',
  expects:
    'database stopped and started again under load: 503 with Retry-After in the meantime; /readyz follows within 2 s; no acknowledged task lost',
  run: (sandbox) =>
    measureOutage(sandbox, {
      begin: (database) => database.stop(),
      end: (database) => database.startAgain(),
    }),
};

export const databaseHangs: Fault = {
  name: 'database-hangs',
  expects:
    'SIGSTOP of all database processes, then SIGCONT: every request answered in time; /readyz follows within 2 s; no acknowledged task lost',
  run: (sandbox) =>
    measureOutage(sandbox, {
      begin: (database) => database.signal('SIGSTOP'),
      end: (database) => database.signal('SIGCONT'),
    }),
};

export const connectionsKilled: Fault = {
  name: 'connections-killed',
  expects:
    'database connections terminated one by one under load: each costs at most its statement; no acknowledged task lost',
  async run(sandbox) {
    const database = await DatabaseServer.start(sandbox);
    const program = await sandbox.start({ ...databaseSettings, DATABASE_URL: database.url });
    const traffic = new TaskTraffic(program);
    await traffic.untilCreated(CREATED);
    const killer = await database.connect();
    const wanted = sandbox.amount(200);
    let killed = 0;
    for (const deadline = Date.now() + 30_000; killed < wanted && Date.now() < deadline;) {
      const { rowCount } = await killer.query(
        `select pg_terminate_backend(pid) from pg_stat_activity
         where backend_type = 'client backend' and application_name <> 'fault' order by random() limit 1`,
      );
      killed += rowCount ?? 0;
      sandbox.show(`${killed} connections terminated`);
      await sleep(50);
    }
    await killer.end();
    const createdMs = await traffic.untilCreated(CREATED);
    const { figure, checks } = await traffic.conclude();
    return {
      figure: `${killed} connections terminated; ${figure}`,
      checks: {
        ...checks,
        'enough connections terminated': killed >= wanted,
        'at most one failed request per connection': traffic.failed <= killed,
        'full strength within seconds': createdMs < FULL_STRENGTH_MS,
      },
    };
  },
};

export const poolExhausted: Fault = {
  name: 'pool-exhausted',
  expects:
    'a lock on tasks keeps every connection waiting: 503 with Retry-After in time; other routes respond; full strength afterwards',
  async run(sandbox) {
    const database = await DatabaseServer.start(sandbox);
    const program = await sandbox.start({
      ...databaseSettings,
      DATABASE_URL: database.url,
      DATABASE_POOL_MAX: '2',
    });
    const traffic = new TaskTraffic(program);
    await traffic.untilCreated(CREATED);
    const holder = await database.connect();
    await holder.query('begin; lock table tasks in access exclusive mode');
    let others = 0;
    const rounds = 40;
    for (let round = 0; round < rounds; round += 1) {
      if ((await send({ url: `${program.url}/faults/small` })).status === 200) others += 1;
      await sleep(100);
    }
    const refused = traffic.unavailable;
    await holder.query('commit');
    await holder.end();
    const createdMs = await traffic.untilCreated(CREATED);
    const backMs = await untilReadiness(program, true);
    const { figure, checks } = await traffic.conclude();
    return {
      figure: `${others} of ${rounds} other requests succeeded; ${CREATED} tasks created ${createdMs} ms after the lock; ${figure}`,
      checks: {
        ...checks,
        '503 while locked': refused > 0,
        'other routes respond': others === rounds,
        'full strength within seconds': createdMs < FULL_STRENGTH_MS && backMs < FOLLOWS_MS,
      },
    };
  },
};
