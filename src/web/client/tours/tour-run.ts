import type { SupervisionEvent } from '../../../supervision/supervision.ts';
import type { ClusterPanel } from '../cluster/cluster-panel.ts';
import type { Catalog } from '../demos/catalog.ts';
import { plural } from '../dom/format.ts';
import type { Mark, Sample } from '../load-burst/sample.ts';
import { sendLoad, sleep } from '../load-burst/send-load.ts';
import { firstDraft } from '../request/draft.ts';
import { pageOrigin } from '../request/page-origin.ts';
import { prepare, type Prepared } from '../request/prepared-request.ts';
import { sendRequest } from '../request/send-request.ts';
import { isEvidence, type Evidence } from '../response/evidence.ts';

interface Dependencies {
  readonly catalog: Catalog;
  readonly cluster: ClusterPanel;
  readonly signal: AbortSignal;
  /** Shows that a step begins. */
  readonly onStep: (index: number) => void;
  /** Shows what happened in the current step. */
  readonly onNews: (text: string) => void;
}

const TRAFFIC = '/demos/cluster/whoami';
const RATE = 20;

/** One run of a tour: its traffic, its requests, and what the primary reports in the meantime. */
export class TourRun {
  readonly samples: Sample[] = [];
  readonly marks: Mark[] = [];
  readonly events: SupervisionEvent[] = [];
  /** The worker that the tour is about, when it is known. */
  worker: number | undefined;
  readonly #dependencies: Dependencies;
  readonly #trafficEnds = new AbortController();
  readonly #startedAt = performance.now();
  #traffic: Promise<number> | undefined;
  #step = -1;

  constructor(dependencies: Dependencies) {
    this.#dependencies = dependencies;
    const stop = dependencies.cluster.listen((events) => this.events.push(...events));
    dependencies.signal.addEventListener('abort', stop, { once: true });
  }

  get clustered(): boolean {
    return this.#dependencies.cluster.clustered;
  }

  /** Since the run began, in milliseconds. */
  get nowMs(): number {
    return performance.now() - this.#startedAt;
  }

  nextStep(): void {
    this.#step += 1;
    this.#dependencies.onStep(this.#step);
  }

  tell(text: string): void {
    this.#dependencies.onNews(text);
  }

  mark(label: string): void {
    this.marks.push({ atMs: this.nowMs, label });
  }

  /** Waits. @throws {DOMException} if the tour is stopped */
  async pause(ms: number): Promise<void> {
    await sleep(ms, this.#dependencies.signal);
    this.#dependencies.signal.throwIfAborted();
  }

  /** The first step of each tour: sends requests all the time, and measures them without the event. */
  async startTraffic(): Promise<void> {
    this.nextStep();
    const signal = AbortSignal.any([this.#dependencies.signal, this.#trafficEnds.signal]);
    this.#traffic = sendLoad(
      this.#prepare(TRAFFIC, {}),
      { rate: RATE, durationMs: Number.POSITIVE_INFINITY },
      signal,
      (sample) => this.samples.push(sample),
    );
    await this.pause(2_000);
    const workers = new Set(this.samples.flatMap(({ worker }) => worker ?? []));
    this.tell(`${plural(this.samples.length, 'response')} so far, from ${plural(workers.size, 'worker')}.`);
  }

  /** @returns how many requests were due and not sent, since all connections were busy */
  async endTraffic(): Promise<number> {
    this.#trafficEnds.abort();
    return (await this.#traffic) ?? 0;
  }

  /** The samples of requests that were due from then on. */
  since(atMs: number, untilMs = Number.POSITIVE_INFINITY): Sample[] {
    return this.samples.filter((sample) => sample.atMs >= atMs && sample.atMs <= untilMs);
  }

  /**
   * Sends the request of a route.
   *
   * @throws {Error} if it has no evidence: what the server says about it; {DOMException} if the tour is stopped
   */
  async request(key: string, query: Readonly<Record<string, string>> = {}): Promise<Evidence> {
    const { signal } = this.#dependencies;
    const { json, failure, progress } = await sendRequest(this.#prepare(key, query), signal);
    signal.throwIfAborted();
    if (isEvidence(json)) return json;
    const { title, detail } = (json ?? {}) as { title?: string; detail?: string };
    throw new Error([failure, progress?.status, title, detail].filter(Boolean).join(' '));
  }

  /**
   * Waits until the primary has reported something.
   *
   * @returns undefined if it did not in time
   * @throws {DOMException} if the tour is stopped
   */
  async until<T>(find: (events: readonly SupervisionEvent[]) => T | undefined, timeoutMs: number) {
    const deadline = performance.now() + timeoutMs;
    while (performance.now() < deadline) {
      const found = find(this.events);
      if (found !== undefined) return found;
      await this.pause(100);
    }
    return undefined;
  }

  #prepare(key: string, query: Readonly<Record<string, string>>): Prepared {
    const entry = this.#dependencies.catalog.find(key);
    if (entry === undefined) throw new Error(`This server has no ${key}.`);
    const draft = firstDraft(entry.route);
    return prepare(entry, { ...draft, form: 'json', query: { ...draft.query, ...query } }, pageOrigin);
  }
}
