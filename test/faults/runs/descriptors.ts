import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../../support/program.ts';
import type { Fault } from '../fault.ts';
import { connectTo } from '../raw.ts';
import { Tally } from '../traffic.ts';

/** A worker has 30 to 50 descriptors open already. */
const DESCRIPTORS = 64;
const CONNECTIONS = 400;

export const outOfDescriptors: Fault = {
  name: 'out-of-descriptors',
  expects: 'flood of connections uses up all file descriptors: no worker lost; no failed request afterwards',
  async run(sandbox) {
    const program = await sandbox.start();
    const workers = await program.readyWorkers(2);
    const limit = `--nofile=${DESCRIPTORS}:${DESCRIPTORS}`;
    const limited = workers.every(({ pid }) => spawnSync('prlimit', [`--pid=${pid}`, limit]).status === 0);
    if (!limited) return { figure: 'skipped: prlimit is not available', checks: {} };
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
