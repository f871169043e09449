/** Statements, transactions and migrations that something interrupts. */
import { spawnSync } from 'node:child_process';
import { chmodSync, globSync, mkdirSync, rmSync, statSync, chownSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ReloadResult } from '../../../src/supervision/supervision.ts';
import { databaseProcesses, DatabaseServer, readServerPid } from '../database-server.ts';
import type { Fault } from '../fault.ts';
import { shortTimeouts, untilGone } from '../leftovers.ts';
import { countRestarts, databaseSettings, TaskTraffic, untilReadiness } from '../task-traffic.ts';
import { send } from '../traffic.ts';

const CREATED = 50;
const FULL_STRENGTH_MS = 5_000;
const RUNNING_SLEEPS = `select count(*)::integer as count from pg_stat_activity
  where state = 'active' and query like '%pg_sleep%' and pid <> pg_backend_pid()`;

/** Much smaller than the file that fills it, and than the tasks of a run. */
const DISK_KB = 1_024;

export const diskFull: Fault = {
  name: 'disk-full',
  expects:
    'no space left for tasks: creations rejected with 503 and Retry-After, reads succeed; creations succeed with space again',
  async run(sandbox) {
    const database = await DatabaseServer.start(sandbox);
    const disk = sandbox.path('.data/disk');
    mkdirSync(disk, { recursive: true });
    const size = `size=${DISK_KB * 2}k`;
    if (spawnSync('mount', ['-t', 'tmpfs', '-o', size, 'tmpfs', disk]).status !== 0) {
      return { figure: 'skipped: this user may not mount a small disk', checks: {} };
    }
    try {
      const program = await sandbox.start({ ...databaseSettings, DATABASE_URL: database.url });
      const space = `${disk}/space`;
      mkdirSync(space);
      const { uid, gid } = statSync(sandbox.path('.data/own/data'));
      chownSync(space, uid, gid);
      chmodSync(space, 0o700);
      await database.query(`create tablespace small location '${space}'`);
      await database.query('alter table tasks set tablespace small');
      const filler = `${disk}/filler`;
      writeFileSync(filler, Buffer.alloc(DISK_KB * 1_024));
      const create = async () =>
        send({
          url: `${program.url}/tasks`,
          headers: { 'Content-Type': 'application/json' },
          body: JSON.stringify({ title: 'x'.repeat(100) }),
        });
      let refused: Awaited<ReturnType<typeof send>> | undefined;
      const acknowledged: string[] = [];
      const wanted = 20_000;
      while (refused === undefined && acknowledged.length < wanted) {
        const responses = await Promise.all(Array.from({ length: 20 }, create));
        refused = responses.find(({ status }) => status !== 201);
        for (const { status, text } of responses)
          if (status === 201) acknowledged.push((JSON.parse(text) as { id: string }).id);
      }
      const [known = ''] = acknowledged;
      const read = await send({ url: `${program.url}/tasks/${known}` });
      const ready = await send({ url: `${program.managementUrl}/readyz` });
      rmSync(filler);
      const again = await create();
      const [row] = await database.query<{ count: number }>('select count(*)::integer as count from tasks');
      const restarts = await countRestarts(program);
      return {
        figure: `${acknowledged.length} tasks until ${refused?.status}; then reading ${read.status}, /readyz ${ready.status}; with space again ${again.status}; ${row?.count} tasks stored; ${restarts} worker restarts`,
        checks: {
          '503 with Retry-After': refused?.status === 503 && refused.headers['retry-after'] !== undefined,
          'reads succeed': read.status === 200,
          'still ready': ready.status === 200,
          'created with space again': again.status === 201,
          'exactly the acknowledged tasks stored': row?.count === acknowledged.length + 1,
          'no worker restarted': restarts === 0,
        },
      };
    } finally {
      await database[Symbol.asyncDispose]();
      spawnSync('umount', [disk]);
    }
  },
};

export const clientsLeave: Fault = {
  name: 'slow-query-client-leaves',
  expects: 'clients disconnect during slow statements: the statements end on the server; others are served',
  async run(sandbox) {
    const database = await DatabaseServer.start(sandbox);
    const program = await sandbox.start({
      DATABASE_URL: database.url,
      DATABASE_STATEMENT_TIMEOUT_MS: '60000',
    });
    const running = async () => (await database.query<{ count: number }>(RUNNING_SLEEPS))[0]?.count ?? 0;
    const rounds = sandbox.short ? 2 : 10;
    const clients = 8;
    const seen: number[] = [];
    let slowestMs = 0;
    let left = 0;
    for (let round = 0; round < rounds; round += 1) {
      const leaving = new AbortController();
      const requests = Array.from({ length: clients }, () =>
        fetch(`${program.url}/faults/slow-query?n=50000`, { signal: leaving.signal }).catch(() => undefined),
      );
      for (let poll = 0; poll < 50 && (await running()) < clients; poll += 1) await sleep(50);
      seen.push(await running());
      const startedAt = performance.now();
      leaving.abort();
      await Promise.all(requests);
      while ((left = await running()) > 0 && performance.now() - startedAt < 10_000) await sleep(20);
      slowestMs = Math.max(slowestMs, Math.round(performance.now() - startedAt));
    }
    const { status } = await send({ url: `${program.url}/tasks` });
    const restarts = await countRestarts(program);
    return {
      figure: `${seen.join(', ')} statements running, ${left} left at most ${slowestMs} ms after their clients; then ${status}; ${restarts} worker restarts`,
      checks: {
        'statements were running': seen.every((count) => count >= clients / 2),
        'all statements ended': left === 0,
        'within 3 s': slowestMs < 3_000,
        'served afterwards': status === 200,
        'no worker restarted': restarts === 0,
      },
    };
  },
};

export const deadlock: Fault = {
  name: 'deadlock',
  expects: 'two transactions change the same tasks in opposite order: both complete, one of them by a retry',
  async run(sandbox) {
    const database = await DatabaseServer.start(sandbox);
    const program = await sandbox.start({ DATABASE_URL: database.url });
    const rounds = sandbox.short ? 3 : 10;
    const create = async () => {
      const { text } = await send({
        url: `${program.url}/tasks`,
        headers: { 'Content-Type': 'application/json' },
        body: '{"title":"contended"}',
      });
      return (JSON.parse(text) as { id: string }).id;
    };
    const [one, two] = [await create(), await create()];
    const change = async (first: string, second: string) =>
      send({ url: `${program.url}/faults/change-two?first=${first}&second=${second}`, method: 'POST' });
    let completed = 0;
    let retries = 0;
    for (let round = 0; round < rounds; round += 1) {
      for (const { status, text } of await Promise.all([change(one, two), change(two, one)])) {
        if (status !== 200) continue;
        completed += 1;
        retries += (JSON.parse(text) as { runs: number }).runs - 1;
      }
    }
    const rows = await database.query<{ version: number }>('select version from tasks order by id');
    const [stat] = await database.query<{ deadlocks: number }>(
      'select deadlocks::integer from pg_stat_database where datname = current_database()',
    );
    const versions = rows.map(({ version }) => version);
    return {
      figure: `${completed} of ${2 * rounds} transactions completed, ${retries} retries, ${stat?.deadlocks} deadlocks; versions ${versions.join(', ')}`,
      checks: {
        'all completed': completed === 2 * rounds,
        'deadlocks occurred': retries >= rounds && (stat?.deadlocks ?? 0) >= rounds,
        'each change applied once': versions.every((version) => version === 1 + 2 * rounds),
      },
    };
  },
};

export const primaryKilledInTransaction: Fault = {
  name: 'primary-killed-in-transaction',
  expects:
    'SIGKILL of the primary with open transactions: each has all its rows or none; no session and no process left',
  async run(sandbox) {
    const database = await DatabaseServer.start(sandbox);
    const program = await sandbox.start({ ...shortTimeouts, DATABASE_URL: database.url });
    const others = sandbox.processes().filter((pid) => !databaseProcesses(sandbox).includes(pid));
    const pauses = [200, 600, 10_000, 10_000];
    const requests = pauses.map((pause, index) =>
      send({ url: `${program.url}/faults/two-tasks?title=${index}&n=${pause}`, method: 'POST' }).then(
        ({ status }) => status,
        () => undefined,
      ),
    );
    const countOpen = async () =>
      (
        await database.query<{ count: number }>(
          `select count(*)::integer as count from pg_stat_activity where state = 'idle in transaction'`,
        )
      )[0]?.count ?? 0;
    let open = 0;
    for (let poll = 0; poll < 100 && open < 2; poll += 1) open = await countOpen();
    program.kill('SIGKILL');
    const statuses = await Promise.all(requests);
    const { left, tookMs } = await untilGone(sandbox, others, 10_000);
    await sleep(1_000); // the server notices closed connections
    const rows = await database.query<{ title: string; count: number }>(
      'select title, count(*)::integer as count from tasks group by title',
    );
    const [sessions] = await database.query<{ count: number }>(
      `select count(*)::integer as count from pg_stat_activity
       where backend_type = 'client backend' and pid <> pg_backend_pid()`,
    );
    const counts = pauses.map((_, index) => rows.find(({ title }) => title === String(index))?.count ?? 0);
    return {
      figure: `${open} open transactions; rows of each: ${counts.join(', ')}; responses: ${statuses.map((status) => status ?? 'none').join(', ')}; ${left} of ${others.length} processes left after ${tookMs} ms; ${sessions?.count} sessions left`,
      checks: {
        'transactions were open': open >= 2,
        'all rows or none': counts.every((count) => count === 0 || count === 2),
        'acknowledged ones complete': statuses.every(
          (status, index) => status !== 200 || counts[index] === 2,
        ),
        'no process left': left === 0,
        'no session left': sessions?.count === 0,
      },
    };
  },
};

export const reloadWhileMigrating: Fault = {
  name: 'reload-while-migrating',
  expects:
    'reload under load with a migration that takes 3 s: applied once; no failed request; every worker replaced',
  async run(sandbox) {
    const database = await DatabaseServer.start(sandbox);
    const program = await sandbox.start({ DATABASE_URL: database.url });
    const traffic = new TaskTraffic(program);
    await traffic.untilCreated(CREATED);
    const migration = '9999-add-priority';
    writeFileSync(
      sandbox.path(`src/database/migrations/${migration}.sql`),
      'create table priorities (id integer); select pg_sleep(3);\n',
    );
    const createdBefore = traffic.acknowledged.length;
    const { text } = await send({ url: `${program.managementUrl}/reload`, method: 'POST' });
    const created = traffic.acknowledged.length - createdBefore;
    const result = JSON.parse(text) as ReloadResult;
    await traffic.untilCreated(CREATED);
    await traffic.stop();
    const lost = await traffic.countLost();
    const applied = await database.query('select from migrations where name = $1', [migration]);
    return {
      figure: `${traffic.summary}; ${created} tasks created during the reload of ${result.durationMs} ms; ${result.replaced} workers replaced; ${lost} of ${traffic.acknowledged.length} tasks lost`,
      checks: {
        'reload succeeded': result.ok && result.replaced === 2,
        'migration applied': applied.length === 1 && result.durationMs >= 3_000,
        'no failed request': traffic.failed === 0,
        'tasks created during the run': created > 0,
        'no acknowledged task lost': lost === 0,
      },
    };
  },
};

export const localServerKilled: Fault = {
  name: 'local-server-killed',
  expects:
    'SIGKILL of the PostgreSQL server that `npm start` runs, under load: started again within seconds; no acknowledged task lost',
  async run(sandbox) {
    const program = await sandbox.start(databaseSettings);
    const traffic = new TaskTraffic(program);
    const rounds = sandbox.short ? 2 : 5;
    const tookMs: number[] = [];
    const pids = new Set<number>();
    for (let round = 0; round < rounds; round += 1) {
      await traffic.untilCreated(CREATED);
      const pid = readServerPid(sandbox.folder);
      pids.add(pid);
      process.kill(pid, 'SIGKILL');
      const away = traffic.unavailable;
      const killedAt = performance.now();
      while (traffic.unavailable === away && performance.now() - killedAt < 10_000) await sleep(10);
      await traffic.untilCreated(CREATED);
      tookMs.push(Math.round(performance.now() - killedAt));
    }
    const backMs = await untilReadiness(program, true);
    const { figure, checks } = await traffic.conclude();
    return {
      figure: `${pids.size} servers killed; ${CREATED} tasks created ${tookMs.join(', ')} ms later; ${figure}`,
      checks: {
        ...checks,
        'another server each time': pids.size === rounds,
        'full strength within seconds': Math.max(...tookMs) < 2 * FULL_STRENGTH_MS && backMs < 2_000,
      },
    };
  },
};

export const clockAhead: Fault = {
  name: 'clock-ahead',
  expects:
    "the database's clock an hour ahead: tasks have the service's time; a retry with the same key creates no second task",
  async run(sandbox) {
    const [library] = globSync('/usr/lib/*/faketime/libfaketime.so.1');
    if (library === undefined) return { figure: 'skipped: libfaketime is not installed', checks: {} };
    const database = await DatabaseServer.start(sandbox, {
      LD_PRELOAD: library,
      FAKETIME: '+1h',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    });
    const program = await sandbox.start({ ...databaseSettings, DATABASE_URL: database.url });
    const [clock] = await database.query<{ now: Date }>('select clock_timestamp() as now');
    const aheadS = Math.round(((clock?.now.getTime() ?? 0) - Date.now()) / 1_000);
    const create = async () =>
      send({
        url: `${program.url}/tasks`,
        headers: { 'Content-Type': 'application/json', 'Idempotency-Key': 'the-same-key' },
        body: '{"title":"once"}',
      });
    const [first, retry] = [await create(), await create()];
    const { id, createdAt } = JSON.parse(first.text) as { id: string; createdAt: string };
    const offS = Math.abs(Date.parse(createdAt) - Date.now()) / 1_000;
    const traffic = new TaskTraffic(program);
    await traffic.untilCreated(CREATED);
    await traffic.stop();
    const lost = await traffic.countLost();
    return {
      figure: `database ${aheadS} s ahead; created ${Math.round(offS)} s from the clock of the service; retry ${retry.status}, replayed: ${String(retry.headers['idempotency-replayed'])}; ${traffic.summary}; ${lost} tasks lost`,
      checks: {
        'clock is ahead': aheadS > 3_000,
        'time of the service': offS < 60,
        'retry has the first task': (JSON.parse(retry.text) as { id: string }).id === id,
        'no failed request': traffic.failed === 0,
        'no acknowledged task lost': lost === 0,
      },
    };
  },
};
