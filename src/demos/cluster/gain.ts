import { performance } from 'node:perf_hooks';
import { z } from 'zod';
import { availableCpus } from '../../process/available-cpus.ts';
import { count, times } from '../kit/answer/units.ts';
import { demoRoute, oneOf, wholeNumber, type DemoCall, type Lesson } from '../kit/demo.ts';
import { fetchResponse } from '../kit/measure/loopback.ts';
import { limitFor } from '../kit/primes/primes-cost.ts';
import { nextChildMessage, withChild } from '../kit/resources/with-child.ts';
import type { Child } from '../kit/resources/children.ts';
import type { Timeline } from '../kit/measure/timeline.ts';
import type { GainListening, GainResponse } from './gain-child.ts';

const program = new URL('./gain-child.ts', import.meta.url);

/** What a request takes, computing or waiting: long enough that sending it costs little in comparison. */
const WORK_MS = 25;
/** The clusters take turns, so that what disturbs one disturbs the other; the best round of each counts. */
const ROUNDS = 3;
const ROUND_MS = 500;
/** Requests in progress for each worker of the larger cluster, the same number for the smaller one. */
const CLIENTS_PER_WORKER = 2;
/** A ratio below this is noise on a shared machine. */
const CLEAR_RATIO = 1.3;
/** One worker that reaches less than this share of what it could was held up by something else. */
const UNDISTURBED_SHARE = 0.8;

const row = z.strictObject({
  workers: z.number(),
  responding: z.number().describe('Workers that sent a response'),
  responses: z.number(),
  perSecond: z.number(),
  coresUsed: z.number().describe('CPU time of the workers by elapsed time, in the same round'),
});
type Row = z.infer<typeof row>;

const resultSchema = z.strictObject({
  work: z.enum(['cpu', 'wait']),
  coresUsable: z.number().describe('Cores that this process may use'),
  clients: z.number().describe('Requests in progress at one time'),
  clusters: z.array(row),
  gain: z.number().describe('Responses per second of the larger cluster by those of one worker'),
});
export type Result = z.infer<typeof resultSchema>;

export const gain = demoRoute({
  method: 'get',
  path: '/gain',
  title: 'What a cluster gains',
  summary:
    'Sends the same load to a cluster of one worker and to one of several, and compares their throughput.',
  teaches:
    'One process uses one core for JavaScript, so requests that compute gain from more workers, up to the number of free cores. ' +
    'Requests that wait gain nothing: one event loop waits for all of them at once.',
  query: z.object({
    work: oneOf(`What a request does for ${WORK_MS} ms: compute, or wait`, ['cpu', 'wait']),
    workers: wholeNumber('Workers of the larger cluster', { min: 2, max: 4, default: 2 }),
  }),
  alone: true,
  result: resultSchema,
  examples: [
    { title: 'Requests that compute', query: { work: 'cpu', as: 'text' } },
    { title: 'Requests that wait', query: { work: 'wait', as: 'text' } },
  ],
  contrasts: [
    'cluster/gain?work=cpu',
    'cluster/gain?work=wait',
    'cluster/scheduling',
    'http/waiting?way=wait',
    'cpu/compare',
  ],
  async run(call) {
    const { work, workers } = call.query;
    const clients = CLIENTS_PER_WORKER * workers;
    const [one, many] = await measureInTurns(workers, clients, call);
    const result: Result = {
      work,
      coresUsable: availableCpus(),
      clients,
      clusters: [one, many],
      gain: Math.round((100 * many.perSecond) / one.perSecond) / 100,
    };
    return { result, lesson: conclude(result) };
  },
});

type GainCall = DemoCall<unknown, { readonly work: Result['work'] }, unknown>;

/** Measures a cluster of one worker and one of several. */
async function measureInTurns(
  workers: number,
  clients: number,
  { query: { work }, signal, timeline, resources }: GainCall,
): Promise<[Row, Row]> {
  const { budgets, children } = resources;
  const amount = work === 'cpu' ? limitFor(WORK_MS, resources) : WORK_MS;
  const start = (size: number) =>
    children.startNode(program, { signal, ipc: true, args: [String(size), work, String(amount)] });
  return budgets.children.use(3 + workers, signal, () =>
    withChild(start(1), (one) =>
      withChild(start(workers), async (many) => {
        const load = { clients, signal, timeline };
        const clusters = [await Load.on(one, 1, load), await Load.on(many, workers, load)] as const;
        for (let round = 0; round < ROUNDS; round += 1) for (const each of clusters) await each.measure();
        return [clusters[0].best, clusters[1].best];
      }),
    ),
  );
}

interface LoadOptions {
  readonly clients: number;
  readonly signal: AbortSignal;
  readonly timeline: Timeline;
}

/** Sends requests to one cluster. */
class Load {
  best: Row = { workers: 0, responding: 0, responses: 0, perSecond: 0, coresUsed: 0 };
  readonly #url: string;
  readonly #workers: number;
  readonly #options: LoadOptions;
  /** The latest CPU time of each worker. */
  readonly #cpuMs = new Map<number, number>();

  private constructor(url: string, workers: number, options: LoadOptions) {
    this.#url = url;
    this.#workers = workers;
    this.#options = options;
  }

  /** Waits until a cluster listens, and lets each worker compile its code. */
  static async on(child: Child, workers: number, options: LoadOptions): Promise<Load> {
    const lane = count(workers, 'worker');
    const { port } = await options.timeline.record('start', lane, () =>
      nextChildMessage<GainListening>(child),
    );
    const load = new Load(`http://127.0.0.1:${port}/`, workers, options);
    await Promise.all(Array.from({ length: 4 * workers }, () => load.#send()));
    return load;
  }

  async measure(): Promise<void> {
    const { clients, timeline } = this.#options;
    const usedBefore = this.#usedMs;
    const startedAt = performance.now();
    let responses = 0;
    const client = async () => {
      while (performance.now() < startedAt + ROUND_MS) {
        await this.#send();
        responses += 1;
      }
    };
    await timeline.record('load', count(this.#workers, 'worker'), () =>
      Promise.all(Array.from({ length: clients }, client)),
    );
    const elapsedMs = performance.now() - startedAt;
    const perSecond = Math.round((10_000 * responses) / elapsedMs) / 10;
    if (perSecond < this.best.perSecond) return;
    const coresUsed = Math.round((100 * (this.#usedMs - usedBefore)) / elapsedMs) / 100;
    this.best = { workers: this.#workers, responding: this.#cpuMs.size, responses, perSecond, coresUsed };
  }

  async #send(): Promise<void> {
    const { body } = await fetchResponse(this.#url, { signal: this.#options.signal });
    const { pid, cpuMs } = JSON.parse(body.toString()) as GainResponse;
    this.#cpuMs.set(pid, Math.max(cpuMs, this.#cpuMs.get(pid) ?? 0));
  }

  get #usedMs(): number {
    return [...this.#cpuMs.values()].reduce((sum, each) => sum + each, 0);
  }
}

const kinds: Readonly<Record<Result['work'], string>> = { cpu: 'compute', wait: 'wait' };

export function conclude({ work, coresUsable, clients, clusters, gain: ratio }: Result): Lesson {
  const [one, many] = clusters;
  if (one === undefined || many === undefined) throw new Error('both clusters are measured');
  const figures = clusters
    .map(
      ({ workers, perSecond, coresUsed }) =>
        `${count(workers, 'worker')} served ${perSecond} requests per second on ${coresUsed} cores`,
    )
    .join(', ');
  const text =
    `With ${count(clients, 'request')} in progress, ${figures}. This process may use ${count(coresUsable, 'core')}` +
    (work === 'cpu' && many.workers > coresUsable ? ': more workers than that only share them.' : '.');
  const isDisturbed =
    work === 'cpu'
      ? one.coresUsed < UNDISTURBED_SHARE
      : one.perSecond < UNDISTURBED_SHARE * clients * (1_000 / WORK_MS);
  if (isDisturbed) {
    return {
      headline: 'This run does not tell: the machine was too busy',
      text: `${text} Not even one worker reached what it can: other processes held it up.`,
    };
  }
  return ratio >= CLEAR_RATIO
    ? {
        headline: `Requests that ${kinds[work]}: ${many.workers} workers served ${times(ratio)} as many as one`,
        text,
      }
    : {
        headline: `Requests that ${kinds[work]}: ${many.workers} workers gained little over one`,
        text:
          work === 'wait'
            ? `${text} One event loop waits for all of them at once.`
            : many.coresUsed < CLEAR_RATIO * one.coresUsed
              ? `${text} Together they got little more CPU time than one.`
              : text,
      };
}
