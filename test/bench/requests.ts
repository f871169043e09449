import process from 'node:process';
import { Contestant, type ContestantOptions } from './contestant.ts';
import { Load } from './load.ts';
import type { LoadOrder, LoadReport } from './loader.ts';
import { order } from './payloads.ts';
import { checkSameJobs } from './same-jobs.ts';
import { CONNECTIONS, LOAD_CPU, ours, SERVER_CPU, WARM_UP_ROUNDS } from './setting.ts';
import { median, renderTable, spread, verdict } from './table.ts';

export interface RequestsOptions {
  readonly rounds: number;
  /** In each round, for each contestant and workload. */
  readonly requests: number;
}

const contestants: readonly (ContestantOptions & {
  readonly sameJobs: boolean;
  /** The ratio of ours to it that is aimed at, at most. */
  readonly aim?: number;
})[] = [
  { name: 'node:http', program: 'bare-http.ts', sameJobs: false },
  { name: 'Express', program: 'bare-express.ts', sameJobs: false },
  { name: 'Express, naive', program: 'naive.ts', sameJobs: true, aim: 0.55 },
  { name: 'Fastify', program: 'fastify.ts', sameJobs: true, aim: 1 },
  { name: 'ours', program: 'ours.ts', env: ours, sameJobs: true },
];

const workloads: readonly (Pick<LoadOrder, 'method' | 'headers' | 'body'> & {
  name: string;
  path: string;
  share: number;
})[] = [
  { name: 'small JSON', method: 'GET', path: '/bench/small', headers: {}, share: 1 },
  // Compressing costs a hundred times a small answer: fewer of them say as much.
  {
    name: '100 KB JSON, br or gzip',
    method: 'GET',
    path: '/bench/large',
    headers: { 'Accept-Encoding': 'gzip, br' },
    share: 0.05,
  },
  { name: '404', method: 'GET', path: '/bench/missing', headers: {}, share: 1 },
  {
    name: 'POST of 1 KB, validated',
    method: 'POST',
    path: '/bench/orders',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(order),
    share: 1,
  },
];

interface Sample extends LoadReport {
  readonly cpuMicroseconds: number;
}

/** @returns a table for each workload, as text */
export async function benchRequests({ rounds, requests }: RequestsOptions): Promise<string> {
  await using load = new Load(LOAD_CPU);
  const running: Contestant[] = [];
  try {
    for (const options of contestants) {
      const contestant = await Contestant.start({ ...options, cpus: SERVER_CPU });
      running.push(contestant);
      if (options.sameJobs) await checkSameJobs(contestant);
    }
    const samples = new Map<string, Sample[]>();
    // Many short rounds, interleaved: a machine that slows down slows all contestants, and not one of them.
    for (let round = 1 - WARM_UP_ROUNDS; round <= rounds; round += 1) {
      for (const workload of workloads) {
        for (const contestant of running) {
          const many = Math.max(50, Math.round(requests * workload.share));
          const sample = await measure(
            contestant,
            load,
            { ...workload, url: contestant.url + workload.path },
            many,
          );
          const key = `${workload.name}/${contestant.name}`;
          if (round > 0) samples.set(key, [...(samples.get(key) ?? []), sample]);
        }
        process.stderr.write(
          `bench: ${round < 1 ? 'warm-up' : `round ${round} of ${rounds}`}: ${workload.name}\n`,
        );
      }
    }
    const head = `CPU time of one request in µs, by the operating system's account; ${CONNECTIONS} connections, ${rounds} rounds\n`;
    return head + workloads.map(({ name }) => renderWorkload(name, running, samples)).join('');
  } finally {
    for (const contestant of running) await contestant[Symbol.asyncDispose]();
  }
}

async function measure(
  contestant: Contestant,
  load: Load,
  order: Omit<LoadOrder, 'connections' | 'requests'>,
  requests: number,
): Promise<Sample> {
  const before = contestant.cpuMicroseconds();
  const report = await load.shoot({ ...order, connections: CONNECTIONS, requests });
  const cpu = contestant.cpuMicroseconds() - before;
  if (report.errors > 0 || report.answered === 0)
    throw new Error(`${contestant.name} left requests without an answer`);
  return { ...report, cpuMicroseconds: cpu / report.answered };
}

function renderWorkload(
  name: string,
  running: readonly Contestant[],
  samples: ReadonlyMap<string, Sample[]>,
): string {
  const of = (contestant: Contestant) => samples.get(`${name}/${contestant.name}`) ?? [];
  const last = running.at(-1);
  const oursCpu = last === undefined ? 0 : median(of(last).map((sample) => sample.cpuMicroseconds));
  const rows = running.map((contestant) => {
    const cpu = of(contestant).map((sample) => sample.cpuMicroseconds);
    const ratio = oursCpu / median(cpu);
    const aim = contestants.find((options) => options.name === contestant.name)?.aim;
    return {
      contestant: contestant.name,
      'CPU µs': median(cpu).toFixed(1),
      spread: spread(cpu),
      'ours / it': ratio.toFixed(2),
      aim: aim === undefined ? '' : verdict(ratio, 'at most', aim),
      'requests/s': median(of(contestant).map((sample) => sample.requestsPerSecond)).toFixed(0),
      'p99 ms': median(of(contestant).map((sample) => sample.p99Ms)).toFixed(0),
      'peak MB': (contestant.peakBytes() / 1e6).toFixed(0),
    };
  });
  return `\n${name}\n${renderTable(rows)}\n`;
}
