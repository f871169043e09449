import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../../support/program.ts';
import type { Fault } from '../fault.ts';
import { connectTo } from '../raw.ts';
import { Tally } from '../traffic.ts';

/** A worker has 30 to 50 descriptors open already. */
const DESCRIPTORS = 64;
const CONNECTIONS = 400;

/** @returns whether the limit is set; only Linux has `prlimit` */
function limitDescriptors(pid: number): boolean {
  return spawnSync('prlimit', [`--pid=${pid}`, `--nofile=${DESCRIPTORS}:${DESCRIPTORS}`]).status === 0;
}

export const managementFlood: Fault = {
  name: 'management-flood',
  alone: true,
  expects:
    '300 idle connections to the management port of a primary with 64 file descriptors, and SIGKILL of a worker: worker replaced at the first try; the port responds',
  async run(sandbox) {
    const program = await sandbox.start();
    const [victim] = await program.readyWorkers(2);
    if (!limitDescriptors(program.pid)) return { figure: 'skipped: prlimit is not available', checks: {} };
    const { port, hostname } = new URL(program.managementUrl);
    const flood = Array.from({ length: 300 }, () =>
      connect(Number(port), hostname).on('error', () => undefined),
    );
    await Promise.all(flood.map((socket) => Promise.race([once(socket, 'connect'), once(socket, 'close')])));
    await sleep(500); // until the primary has accepted what it can
    process.kill(victim?.pid ?? 0, 'SIGKILL');
    const replaced = await program.logged('replaced', {}, 20_000).catch(() => undefined);
    const probes = new Tally();
    const open = flood.filter(({ closed }) => !closed).length;
    for (let i = 0; i < 20; i += 1) await probes.send({ url: `${program.managementUrl}/readyz` });
    for (const socket of flood) socket.destroy();
    const failures = program.lines.filter(({ event }) => event === 'start-failed').length;
    return {
      figure: `${open} of 300 connections still open; ${failures} forks failed, replaced after ${String(replaced?.['afterMs'])} ms; ${probes.byStatus[200] ?? 0} of 20 probes answered with 200`,
      checks: {
        'worker replaced': replaced !== undefined,
        'no fork failed': failures === 0,
        'every probe answered with 200': probes.byStatus[200] === 20,
      },
    };
  },
};

export const outOfDescriptors: Fault = {
  name: 'out-of-descriptors',
  alone: true,
  expects: 'flood of connections uses up all file descriptors: no worker lost; no failed request afterwards',
  async run(sandbox) {
    const program = await sandbox.start();
    const workers = await program.readyWorkers(2);
    if (!workers.every(({ pid }) => limitDescriptors(pid)))
      return { figure: 'skipped: prlimit is not available', checks: {} };
    const flood = Array.from({ length: CONNECTIONS }, () => connectTo(program));
    await Promise.all(flood.map((socket) => Promise.race([once(socket, 'connect'), once(socket, 'close')])));
    await sleep(2_000); // several samples of the vitals and several heartbeats
    const pidsInFlood = (await program.workers()).map(({ pid }) => pid);
    for (const socket of flood) socket.destroy();
    await until('a response', async () => {
      const response = await new Tally().send({ url: `${program.url}/faults/small` });
      return response?.status === 200 ? true : undefined;
    });
    const after = new Tally();
    for (let i = 0; i < 50; i += 1) await after.send({ url: `${program.url}/faults/small` });
    const lost = program.lines.filter(({ event }) => event === 'crashed' || event === 'unresponsive').length;
    return {
      figure: `${CONNECTIONS} connections to 2 workers with ${DESCRIPTORS} descriptors each: ${lost} workers lost; afterwards ${after.summary}`,
      checks: {
        'no worker lost': lost === 0 && pidsInFlood.join() === workers.map(({ pid }) => pid).join(),
        'no failed request after the flood': after.failed === 0,
      },
    };
  },
};
