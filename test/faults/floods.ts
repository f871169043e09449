/** More connections than there are descriptors, and more reloads than anybody needs. */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../support/program.ts';
import type { Fault } from './fault.ts';
import { Tally } from './traffic.ts';

export const noDescriptors: Fault = {
  name: 'no-descriptors',
  expects: 'a flood of connections that takes all descriptors: no worker falls; served again when it ebbs',
  async run(lab) {
    const program = await lab.start();
    const workers = await program.readyWorkers(2);
    // What they have open already is some 30 to 50.
    const limited = workers.every(
      ({ pid }) => spawnSync('prlimit', [`--pid=${pid}`, '--nofile=64:64']).status === 0,
    );
    if (!limited) return { figure: 'left out: there is no prlimit here', checks: {} };
    const { hostname, port } = new URL(program.url);
    const flood = Array.from({ length: 400 }, () =>
      connect(Number(port), hostname).on('error', () => undefined),
    );
    await Promise.all(flood.map((socket) => Promise.race([once(socket, 'connect'), once(socket, 'close')])));
    await sleep(2_000); // the vitals are read twice a second, and a heartbeat follows them
    const inFlood = (await program.workers()).map(({ pid }) => pid);
    for (const socket of flood) socket.destroy();
    const after = new Tally();
    await until('an answer', async () => {
      const answer = await new Tally().count({ url: `${program.url}/faults/small` });
      return answer?.status === 200 ? true : undefined;
    });
    for (let i = 0; i < 50; i += 1) await after.count({ url: `${program.url}/faults/small` });
    const fell = program.lines.filter(({ event }) => event === 'crashed' || event === 'unresponsive').length;
    return {
      figure: `400 connections to 2 workers with 64 descriptors each: ${fell} workers fell; then ${after.summary}`,
      checks: {
        'no worker fell': fell === 0 && inFlood.join() === workers.map(({ pid }) => pid).join(),
        'served again': after.failed === 0,
      },
    };
  },
};

export const reloadBurst: Fault = {
  name: 'reload-burst',
  expects: '20 times SIGHUP in a tenth of a second, under load: two reloads; 0 failed',
  async run(lab) {
    const program = await lab.start();
    const traffic = lab.load(program);
    await traffic.reach(100);
    for (let i = 0; i < 20; i += 1) {
      program.kill('SIGHUP');
      await sleep(5);
    }
    const count = (event: string) => program.lines.filter((line) => line['event'] === event).length;
    await until('two reloads', () => (count('reload-finished') >= 2 ? true : undefined), 60_000);
    await sleep(500); // a third one would have begun
    await program.readyWorkers(2);
    await traffic.stop();
    return {
      figure: `${traffic.summary}; ${count('reload-started')} reloads begun, ${count('ended')} workers replaced`,
      checks: {
        'two reloads': count('reload-started') === 2 && count('reload-finished') === 2,
        'of two workers each': count('ended') === 4,
        'no request failed': traffic.failed === 0,
      },
    };
  },
};
