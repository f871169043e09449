/** Rolling reloads under load: good ones, bad ones, and two at once. */
import { appendFileSync, copyFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Program } from '../support/program.ts';
import type { Fault } from './fault.ts';
import { ask } from './traffic.ts';

interface ReloadAnswer {
  readonly ok: boolean;
  readonly replaced: number;
  readonly queued: boolean;
  readonly reason?: string;
}

async function reload(program: Program): Promise<ReloadAnswer> {
  const { text } = await ask({ url: `${program.managementUrl}/reload`, method: 'POST' });
  return JSON.parse(text) as ReloadAnswer;
}

async function pids(program: Program): Promise<string> {
  return (await program.readyWorkers(2))
    .map(({ pid }) => pid)
    .sort()
    .join();
}

export const reloadUnderLoad: Fault = {
  name: 'reload',
  expects: '5 rolling reloads within 10,000 requests or more (in a short run 2 within 1,000): 0 failed',
  async run(lab) {
    const program = await lab.start();
    const traffic = lab.load(program);
    const wanted = lab.amount(10_000);
    const rounds = lab.short ? 2 : 5;
    const results: ReloadAnswer[] = [];
    for (let round = 1; round <= rounds; round += 1) {
      await traffic.reach((wanted * (round - 0.5)) / rounds);
      lab.say(`reload ${round}, ${traffic.sent} sent`);
      results.push(await reload(program));
    }
    await traffic.reach(wanted);
    await traffic.stop();
    return {
      figure: `${traffic.summary}, ${results.length} reloads`,
      checks: {
        'no request failed': traffic.failed === 0,
        'enough were sent': traffic.sent >= wanted,
        'every reload replaced both workers': results.every(({ ok, replaced }) => ok && replaced === 2),
      },
    };
  },
};

export const brokenReload: Fault = {
  name: 'broken-reload',
  expects: 'a reload onto code or a .env that is broken changes nothing and says why; 0 failed',
  async run(lab) {
    const program = await lab.start();
    const traffic = lab.load(program);
    const before = await pids(program);

    copyFileSync(lab.path('src/app.ts'), lab.path('app.backup'));
    appendFileSync(lab.path('src/app.ts'), '\nthrow new Error("broken on purpose");\n');
    lab.say('reload onto broken code');
    const broken = await reload(program);
    await sleep(2_000); // a fork too many would show by now
    const afterBroken = await pids(program);
    copyFileSync(lab.path('app.backup'), lab.path('src/app.ts'));

    writeFileSync(lab.path('.env'), 'BODY_LIMIT_BYTES=plenty\n');
    lab.say('reload onto a broken .env');
    const misconfigured = await reload(program);
    const afterMisconfigured = await pids(program);

    writeFileSync(lab.path('.env'), 'BODY_LIMIT_BYTES=50\n');
    const mended = await reload(program);
    const tooLarge = await ask({
      url: `${program.url}/faults/json`,
      body: JSON.stringify({ name: 'x'.repeat(100), size: 1 }),
      headers: { 'Content-Type': 'application/json' },
    });
    await traffic.stop();
    const forks = program.lines.filter(({ event }) => event === 'forked').length;
    return {
      figure: `${traffic.summary}; ${forks} forks; «${broken.reason?.split('\n')[0] ?? ''}», «${misconfigured.reason?.split('\n').at(-1)?.trim() ?? ''}»`,
      checks: {
        'no request failed': traffic.failed === 0,
        'the reload onto broken code says why':
          !broken.ok && broken.reason?.includes('broken on purpose') === true,
        'the old workers stay': before === afterBroken && before === afterMisconfigured,
        'the reload onto a broken .env names the variable':
          !misconfigured.ok && misconfigured.reason?.includes('BODY_LIMIT_BYTES must be') === true,
        'the mended reload works': mended.ok,
        'one worker was tried in vain, two were replaced': forks === 3,
        'it brings in the new .env': tooLarge.status === 413,
      },
    };
  },
};

export const twoReloads: Fault = {
  name: 'two-reloads',
  expects: 'a second reload waits for its turn and is told so, a third joins it; 0 failed',
  async run(lab) {
    const program = await lab.start();
    const traffic = lab.load(program);
    await traffic.reach(100);
    const [first, second, third] = await Promise.all([reload(program), reload(program), reload(program)]);
    await traffic.stop();
    await sleep(500); // the log may be a moment late
    const count = program.lines.filter(({ event }) => event === 'reload-finished').length;
    return {
      figure: `${traffic.summary}; 3 asked for, ${count} run, queued: ${[first, second, third].map(({ queued }) => queued).join(', ')}`,
      checks: {
        'no request failed': traffic.failed === 0,
        'all succeed': first.ok && second.ok && third.ok,
        'one was first, the others were told that they waited':
          [first, second, third].filter(({ queued }) => queued).length === 2,
        'two were run': count === 2,
      },
    };
  },
};
