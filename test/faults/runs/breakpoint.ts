import { once } from 'node:events';
import { until } from '../../support/program.ts';
import type { Fault } from '../fault.ts';
import { send } from '../traffic.ts';

const TIMEOUT_MS = 1_000;

export const breakpoint: Fault = {
  name: 'breakpoint',
  expects:
    'worker paused in a debugger for 30 s (short run: 5 s), past the heartbeat timeout: not killed, the log says why; its request completes',
  async run(sandbox) {
    const program = await sandbox.start({
      WORKERS: '1',
      HEARTBEAT_TIMEOUT_MS: String(TIMEOUT_MS),
      NODE_OPTIONS: '--inspect=0',
    });
    const [worker] = await program.readyWorkers(1);
    const pid = worker?.pid ?? 0;
    await until('the report of an open inspector', async () =>
      (await program.workers()).some(({ report }) => report?.debugging) ? true : undefined,
    );
    // Printed by the primary and by the worker, in this order.
    const [, url = ''] = program.errors.match(/ws:\S+/g) ?? [];
    const inspector = new WebSocket(url);
    await once(inspector, 'open');
    const call = (id: number, method: string) => inspector.send(JSON.stringify({ id, method }));
    call(1, 'Debugger.enable');
    call(2, 'Debugger.pause');
    const startedAt = performance.now();
    const paused = send({ url: `${program.url}/faults/small` }).then(
      ({ status }) => status,
      () => 0,
    );
    const pauseMs = sandbox.short ? 5_000 : 30_000;
    await until(
      'the end of the pause',
      async () => {
        const silentMs = (await program.workers())[0]?.silentMs ?? 0;
        sandbox.show(`no heartbeat for ${silentMs} ms`);
        return performance.now() - startedAt > pauseMs ? true : undefined;
      },
      2 * pauseMs,
    );
    call(3, 'Debugger.resume');
    inspector.close();
    const status = await paused;
    const events = program.lines.filter(({ workerPid }) => workerPid === pid).map(({ event }) => event);
    const reported = events.filter((event) => event === 'paused').length;
    return {
      figure: `paused for ${Math.round((performance.now() - startedAt) / 1_000)} s (timeout ${TIMEOUT_MS / 1_000} s): ${reported} log line, then ${status}`,
      checks: {
        'the same worker': (await program.readyWorkers(1))[0]?.pid === pid,
        'not killed': !events.includes('unresponsive'),
        'reported once': reported === 1,
        'its request completed': status === 200,
      },
    };
  },
};
