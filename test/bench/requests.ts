import { median } from '../../src/shared/statistics.ts';
import { Contestant, type ContestantOptions } from './contestant.ts';
import type { RequestsResult, RequestsSpec } from './load-generator-child.ts';
import { LoadGenerator } from './load-generator.ts';
import { order } from './payloads.ts';
import { checkSameWork } from './same-work.ts';
import { CONNECTIONS, exemplarEnv, LOAD_CPU, SERVER_CPU, showRound, WARM_UP_ROUNDS } from './settings.ts';
import { judge, range, renderRows } from './table.ts';

export interface RequestsOptions {
  readonly rounds: number;
  /** Per round, contestant and workload. */
  readonly requests: number;
}

type Competitor = ContestantOptions & {
  /** Checks that it does the work of the others. */
  readonly sameWork?: boolean;
  /** The largest ratio of Exemplar to it that meets the target. */
  readonly target?: number;
};

const contestants: readonly Competitor[] = [
  { name: 'node:http', program: 'bare-http.ts', sameWork: false },
  { name: 'Express', program: 'bare-express.ts', sameWork: false },
  { name: 'Express + middleware', program: 'express-with-middleware.ts', sameWork: true, target: 0.55 },
  { name: 'Fastify + plugins', program: 'fastify.ts', sameWork: true, target: 1 },
  { name: 'Exemplar', program: 'exemplar.ts', env: exemplarEnv, sameWork: true },
];

export interface Workload extends Pick<RequestsSpec, 'method' | 'headers' | 'body'> {
  readonly name: string;
  readonly path: string;
  /** The share of the requests per round. */
  readonly share: number;
}

const workloads: readonly Workload[] = [
  { name: 'small JSON', method: 'GET', path: '/bench/small', headers: {}, share: 1 },
  // Compression costs a hundred times as much as a small response, so fewer requests are enough.
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

interface Sample extends RequestsResult {
  readonly cpuMicroseconds: number;
}

/** Measures the CPU time of a request. @returns a table per workload, as text */
export async function benchRequests(options: RequestsOptions): Promise<string> {
  return compareContestants({ ...options, contestants, createWorkloads: () => workloads });
}

interface ComparisonOptions extends RequestsOptions {
  /** One of them is Exemplar. */
  readonly contestants: readonly Competitor[];
  readonly createWorkloads: (
    running: readonly Contestant[],
  ) => Promise<readonly Workload[]> | readonly Workload[];
}

/** Sends the same requests to all contestants. @returns a table per workload, as text */
export async function compareContestants(options: ComparisonOptions): Promise<string> {
  const { rounds, requests, contestants } = options;
  await using generator = LoadGenerator.start(LOAD_CPU);
  const running: Contestant[] = [];
  try {
    for (const options of contestants) {
      const contestant = await Contestant.start({ ...options, cpus: SERVER_CPU });
      running.push(contestant);
      if (options.sameWork === true) await checkSameWork(contestant);
    }
    const workloads = await options.createWorkloads(running);
    const samples = new Map<string, Sample[]>();
    // Many short interleaved rounds: if the machine slows down, it slows all contestants and not one of them.
    for (let round = 1 - WARM_UP_ROUNDS; round <= rounds; round += 1) {
      for (const workload of workloads) {
        for (const contestant of running) {
          const count = Math.max(50, Math.round(requests * workload.share));
          const sample = await measure(contestant, generator, workload, count);
          const key = `${workload.name}/${contestant.name}`;
          if (round > 0) samples.set(key, [...(samples.get(key) ?? []), sample]);
        }
        showRound(round, rounds, workload.name);
      }
    }
    const head = `CPU time per request, as the operating system counts it (connections: ${CONNECTIONS}, rounds: ${rounds})\n`;
    return head + workloads.map(({ name }) => renderWorkload(name, contestants, running, samples)).join('');
  } finally {
    for (const contestant of running) await contestant[Symbol.asyncDispose]();
  }
}

async function measure(
  contestant: Contestant,
  generator: LoadGenerator,
  { method, headers, body, path }: Workload,
  requests: number,
): Promise<Sample> {
  const before = contestant.cpuMicroseconds();
  const result = await generator.sendRequests({
    url: contestant.url + path,
    method,
    headers,
    ...(body === undefined ? {} : { body }),
    connections: CONNECTIONS,
    requests,
  });
  const cpu = contestant.cpuMicroseconds() - before;
  if (result.errors > 0 || result.responses === 0)
    throw new Error(`${contestant.name} did not respond to every request`);
  return { ...result, cpuMicroseconds: cpu / result.responses };
}

function renderWorkload(
  name: string,
  contestants: readonly Competitor[],
  running: readonly Contestant[],
  samples: ReadonlyMap<string, Sample[]>,
): string {
  const samplesOf = (contestant: Contestant) => samples.get(`${name}/${contestant.name}`) ?? [];
  const cpuOf = (contestant: Contestant) => samplesOf(contestant).map((sample) => sample.cpuMicroseconds);
  const exemplar = running.find((contestant) => contestant.name === 'Exemplar');
  const exemplarCpu = exemplar === undefined ? 0 : median(cpuOf(exemplar));
  const rows = running.map((contestant) => {
    const cpu = cpuOf(contestant);
    const ratio = exemplarCpu / median(cpu);
    const target = contestants.find((options) => options.name === contestant.name)?.target;
    return {
      contestant: contestant.name,
      'CPU µs': median(cpu).toFixed(1),
      range: range(cpu),
      'Exemplar / it': ratio.toFixed(2),
      target: target === undefined ? '' : judge(ratio, 'at most', target),
      'requests/s': median(samplesOf(contestant).map((sample) => sample.requestsPerSecond)).toFixed(0),
      'p99 ms': median(samplesOf(contestant).map((sample) => sample.p99Ms)).toFixed(0),
      'peak MB': (contestant.peakBytes() / 1e6).toFixed(0),
    };
  });
  return `\n${name}\n${renderRows(rows)}\n`;
}
