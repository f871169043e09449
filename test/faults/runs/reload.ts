/** Rolling reloads under load. */
import { appendFileSync, copyFileSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ReloadResult } from '../../../src/supervision/supervision.ts';
import { root, until, type Program } from '../../support/program.ts';
import type { Fault } from '../fault.ts';
import { send } from '../traffic.ts';

export async function reload(program: Program): Promise<ReloadResult> {
  const { text } = await send({ url: `${program.managementUrl}/reload`, method: 'POST' });
  return JSON.parse(text) as ReloadResult;
}

async function pids(program: Program): Promise<string> {
  return (await program.readyWorkers(2))
    .map(({ pid }) => pid)
    .sort()
    .join();
}

function count(program: Program, event: string): number {
  return program.lines.filter((line) => line['event'] === event).length;
}

export const reloadUnderLoad: Fault = {
  name: 'reload',
  expects:
    '5 reloads during 10,000 requests (short run: 2 during 1,000): no failed request; every worker replaced',
  async run(sandbox) {
    const program = await sandbox.start();
    const traffic = sandbox.startTraffic(program);
    const wanted = sandbox.amount(10_000);
    const rounds = sandbox.short ? 2 : 5;
    const results: ReloadResult[] = [];
    for (let round = 1; round <= rounds; round += 1) {
      await traffic.untilSent((wanted * (round - 0.5)) / rounds);
      sandbox.show(`reload ${round}, ${traffic.sent} requests sent`);
      results.push(await reload(program));
    }
    await traffic.untilSent(wanted);
    await traffic.stop();
    return {
      figure: `${traffic.summary}; ${results.length} reloads`,
      checks: {
        'no failed request': traffic.failed === 0,
        'enough requests': traffic.sent >= wanted,
        'every worker replaced': results.every(({ ok, replaced }) => ok && replaced === 2),
      },
    };
  },
};

export const brokenReload: Fault = {
  name: 'broken-reload',
  expects:
    'reload with broken code, then a broken .env: rejected with the reason; same workers; no failed request',
  async run(sandbox) {
    const program = await sandbox.start();
    const traffic = sandbox.startTraffic(program);
    const before = await pids(program);

    copyFileSync(sandbox.path('src/app.ts'), sandbox.path('app.backup'));
    appendFileSync(sandbox.path('src/app.ts'), '\nthrow new Error("broken on purpose");\n');
    sandbox.show('reload with broken code');
    const broken = await reload(program);
    await sleep(2_000); // an unexpected fork would be logged by then
    const afterBroken = await pids(program);
    copyFileSync(sandbox.path('app.backup'), sandbox.path('src/app.ts'));

    writeFileSync(sandbox.path('.env'), 'BODY_LIMIT_BYTES=plenty\n');
    sandbox.show('reload with a broken .env');
    const misconfigured = await reload(program);
    const afterMisconfigured = await pids(program);

    writeFileSync(sandbox.path('.env'), 'BODY_LIMIT_BYTES=50\n');
    const fixed = await reload(program);
    const tooLarge = await send({
      url: `${program.url}/faults/json`,
      body: JSON.stringify({ name: 'x'.repeat(100), size: 1 }),
      headers: { 'Content-Type': 'application/json' },
    });
    await traffic.stop();
    const forks = count(program, 'forked');
    return {
      figure: `${traffic.summary}; ${forks} forks; "${broken.reason?.split('\n')[0] ?? ''}", "${misconfigured.reason?.split('\n').at(-1)?.trim() ?? ''}"`,
      checks: {
        'no failed request': traffic.failed === 0,
        'broken code: rejected with the error':
          !broken.ok && broken.reason?.includes('broken on purpose') === true,
        'broken .env: rejected with the variable':
          !misconfigured.ok && misconfigured.reason?.includes('BODY_LIMIT_BYTES must be') === true,
        'same workers after both': before === afterBroken && before === afterMisconfigured,
        'fixed code and .env accepted': fixed.ok,
        'one fork for the broken code, two for the fixed one': forks === 3,
        'new .env in effect': tooLarge.status === 413,
      },
    };
  },
};

export const queuedReloads: Fault = {
  name: 'queued-reloads',
  expects:
    'three reloads at once: the second is queued, the third joins it, as both responses report; no failed request',
  async run(sandbox) {
    const program = await sandbox.start();
    const traffic = sandbox.startTraffic(program);
    await traffic.untilSent(100);
    const results = await Promise.all([reload(program), reload(program), reload(program)]);
    await traffic.stop();
    await sleep(500); // log lines arrive with a delay
    const finished = count(program, 'reload-finished');
    return {
      figure: `${traffic.summary}; 3 reloads requested, ${finished} run; queued: ${results.map(({ queued }) => queued).join(', ')}`,
      checks: {
        'no failed request': traffic.failed === 0,
        'all succeeded': results.every(({ ok }) => ok),
        'two reported as queued': results.filter(({ queued }) => queued).length === 2,
        'two run': finished === 2,
      },
    };
  },
};

export const reloadBurst: Fault = {
  name: 'reload-burst',
  alone: true,
  expects: '20 × SIGHUP within 100 ms under load: two reloads; no failed request',
  async run(sandbox) {
    const program = await sandbox.start();
    const traffic = sandbox.startTraffic(program);
    await traffic.untilSent(100);
    for (let i = 0; i < 20; i += 1) {
      program.kill('SIGHUP');
      await sleep(5);
    }
    await until('two reloads', () => (count(program, 'reload-finished') >= 2 ? true : undefined), 60_000);
    await sleep(500); // a third reload would have begun by then
    await program.readyWorkers(2);
    await traffic.stop();
    return {
      figure: `${traffic.summary}; ${count(program, 'reload-started')} reloads, ${count(program, 'ended')} workers replaced`,
      checks: {
        'two reloads': count(program, 'reload-started') === 2 && count(program, 'reload-finished') === 2,
        'two workers replaced by each': count(program, 'ended') === 4,
        'no failed request': traffic.failed === 0,
      },
    };
  },
};

export const releaseSwitch: Fault = {
  name: 'release-switch',
  expects:
    'a link to the folder of another release, replaced under load, then SIGHUP: every worker runs the other release; no failed request',
  async run(sandbox) {
    const current = sandbox.path('current');
    for (const release of ['1', '2']) {
      for (const path of ['src', 'test', 'package.json']) {
        await cp(sandbox.path(path), sandbox.path(`releases/${release}/${path}`), { recursive: true });
      }
      symlinkSync(`${root}node_modules`, sandbox.path(`releases/${release}/node_modules`));
    }
    const routes = sandbox.path('releases/2/test/faults/routes/fault-routes.ts');
    const changed = readFileSync(routes, 'utf8').replace('({ pid: process.pid })', '({ release: 2 })');
    writeFileSync(routes, changed);
    symlinkSync('releases/1', current);
    const program = sandbox.launch({}, undefined, `${current}/src/main.ts`);
    await program.started();
    const isOther = async () =>
      (await send({ url: `${program.url}/faults/small` })).text.includes('"release"') ? 1 : 0;
    const before = await isOther();
    const traffic = sandbox.startTraffic(program);
    await traffic.untilSent(sandbox.amount(1_000));
    // Replaced in one step: `ln -sfn` would remove it first.
    symlinkSync('releases/2', `${current}.new`);
    renameSync(`${current}.new`, current);
    program.kill('SIGHUP');
    await program.logged('reload-finished');
    await traffic.untilSent(traffic.sent + sandbox.amount(1_000));
    await traffic.stop();
    let after = 0;
    for (let request = 0; request < 20; request += 1) after += await isOther();
    return {
      figure: `${traffic.summary}; ${after} of 20 responses from the other release`,
      checks: {
        'no failed request': traffic.failed === 0,
        'the other release only after the reload': before === 0 && after === 20,
      },
    };
  },
};
