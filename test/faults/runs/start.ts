/** Services that cannot start, and workers that no longer can. */
import { once } from 'node:events';
import { appendFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { variables } from '../../../src/config/core-variables.ts';
import { featureVariables } from '../../../src/features.ts';
import { badValues } from '../../support/bad-values.ts';
import type { Program } from '../../support/program.ts';
import type { Fault } from '../fault.ts';

function forksOf(program: Program): readonly Record<string, unknown>[] {
  return program.lines.filter(({ event }) => event === 'forked');
}

export const portInUse: Fault = {
  name: 'port-in-use',
  expects: 'start on a port in use: exits with 69 within 2 s and one line that names the port',
  async run(sandbox) {
    const holder = createServer().listen(0, '127.0.0.1');
    await once(holder, 'listening');
    const { port } = holder.address() as AddressInfo;
    // A successful start measures the speed of this machine.
    const normalStartedAt = performance.now();
    await sandbox.start();
    const normalMs = performance.now() - normalStartedAt;
    const startedAt = performance.now();
    const program = sandbox.launch({ PORT: String(port), LOG_LEVEL: 'debug' });
    const exit = await program.exited;
    const tookMs = performance.now() - startedAt;
    holder.close();
    const forks = forksOf(program).length;
    const errorLines = program.errors.trim().split('\n');
    return {
      figure: `exit code ${exit.code} after ${Math.round(tookMs)} ms (a successful start: ${Math.round(normalMs)} ms), ${forks} forks, "${errorLines.join(' / ')}"`,
      checks: {
        'exit code 69': exit.code === 69,
        'within 2 s, or the time of a successful start': tookMs < Math.max(2_000, normalMs),
        'one line that names the port':
          errorLines.length === 1 && errorLines[0]?.includes(`:${port}: the port is in use`) === true,
        'no more forks than workers': forks <= 2,
      },
    };
  },
};

export const badConfig: Fault = {
  name: 'bad-config',
  expects: 'each variable invalid, then all together: exits with 78; every invalid variable named',
  async run(sandbox) {
    const bad = badValues({ ...variables, ...featureVariables });
    const names = Object.keys(bad);
    const unexpected: string[] = [];
    const check = async (some: readonly string[]) => {
      const program = sandbox.launch(Object.fromEntries(some.map((name) => [name, bad[name] ?? ''])));
      const { code } = await program.exited;
      const named = some.every((name) => program.errors.includes(`${name} must be`));
      if (code !== 78 || !named || program.output !== '') unexpected.push(some.join('+'));
    };
    // A short run checks every third variable, which includes each kind.
    const singles = names.filter((_, index) => !sandbox.short || index % 3 === 0);
    const waiting = [...singles];
    const work = async () => {
      for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
        sandbox.show(name);
        await check([name]);
      }
    };
    await Promise.all([work(), work()]);
    await check(names);
    const total = singles.length + 1;
    const others = unexpected.length > 0 ? `; not: ${unexpected.join(', ')}` : '';
    return {
      figure: `${total - unexpected.length} of ${total} configurations rejected by name${others}`,
      checks: { 'every invalid configuration rejected': unexpected.length === 0 },
    };
  },
};

const THROW = '\nthrow new Error("broken on purpose");\n';
const NEVER_READY = '\nawait new Promise((resolve) => setTimeout(resolve, 60_000));\n';

/** The most lines within any five seconds. */
function mostInFiveSeconds(lines: readonly Record<string, unknown>[]): number {
  const times = lines.map(({ time }) => Date.parse(String(time)));
  return Math.max(0, ...times.map((from) => times.filter((at) => at >= from && at < from + 5_000).length));
}

export const crashLoop: Fault = {
  name: 'crash-loop',
  expects: 'workers exit during startup: at most 10 forks in 5 s; exits with 83 or 70 and the reason',
  async run(sandbox) {
    const program = await sandbox.start();
    const before = await program.readyWorkers(2);
    appendFileSync(sandbox.path('src/app.ts'), THROW);
    for (const { pid } of before) process.kill(pid, 'SIGKILL');
    sandbox.show('waiting until the primary gives up');
    const exit = await Promise.race([program.exited, sleep(60_000, undefined)]);
    const forks = mostInFiveSeconds(forksOf(program));
    const fatal = program.lines.find(({ event, level }) => event === 'gave-up' && level === 'fatal');
    const reason = String(fatal?.['reason']);

    const failedStart = sandbox.launch({ LOG_LEVEL: 'debug' });
    const failedExit = await failedStart.exited;
    const failedForks = forksOf(failedStart).length;
    return {
      figure: `while serving: ${forks} forks in 5 s, exit code ${exit?.code}, "${reason.split('\n')[0]}"; at startup: ${failedForks} forks, exit code ${failedExit.code}`,
      checks: {
        'no fork storm': forks <= 10 && failedForks <= 2,
        'while serving: exit code 83 and the reason':
          exit?.code === 83 && reason.includes('broken on purpose'),
        'at startup: exit code 70 and the reason':
          failedExit.code === 70 && failedStart.errors.includes('broken on purpose'),
      },
    };
  },
};

export const startTimeout: Fault = {
  name: 'start-timeout',
  alone: true,
  expects: 'worker never ready: exits with 70 after WORKER_START_TIMEOUT_MS, with the reason',
  async run(sandbox) {
    appendFileSync(sandbox.path('src/app.ts'), NEVER_READY);
    const startedAt = performance.now();
    const program = sandbox.launch({ WORKER_START_TIMEOUT_MS: '2000' });
    const exit = await program.exited;
    const tookMs = Math.round(performance.now() - startedAt);
    return {
      figure: `exit code ${exit.code} after ${tookMs} ms, "${program.errors.trim()}"`,
      checks: {
        'exit code 70': exit.code === 70,
        'reason printed': program.errors.includes('not ready within 2000 ms'),
        'within 10 s': tookMs < 10_000,
      },
    };
  },
};
