import { h, mark, say } from './dom.ts';
import { age, bytes, digits, ms, percent, type Figure } from './format.ts';
import { History, type Sample } from './history.ts';
import type { LiveView, WorkerCard } from './shapes.ts';
import { Sparkline } from './sparkline.ts';

/** The scales that all cards share, so that they can be compared. */
export interface Scales {
  readonly rate: number;
  readonly delayMs: number;
  readonly heapBytes: number;
}

/** A worker that was gone for an instant is shown as gone for this long: nobody would see it otherwise. */
const SHOW_GONE_MS = 1_800;
const SILENT_MS = 2_500;

class Gauge {
  readonly element: HTMLElement;
  readonly chart = new Sparkline();
  readonly #value = h('span');
  readonly #unit = h('small');

  constructor(label: string) {
    const value = h('dd', {}, this.#value, ' ', this.#unit);
    this.element = h('div', { class: 'gauge' }, h('dt', {}, label), value);
    value.after(h('dd', { 'aria-hidden': 'true' }, this.chart.element));
  }

  show(given: Figure | undefined): void {
    say(this.#value, given?.text ?? '–');
    say(this.#unit, given?.unit ?? '');
  }
}

/** One place in the cluster and the worker that has it. */
export class WorkerView {
  readonly slot: number;
  readonly element: HTMLElement;
  readonly history = new History();
  worker: WorkerCard | undefined;
  state = 'starting';
  readonly #title = h('h3');
  readonly #state = h('span', { class: 'state' });
  readonly #process = h('p', { class: 'process muted' });
  readonly #rate = new Gauge('Requests');
  readonly #delay = new Gauge('Loop delay, p99');
  readonly #utilization = new Gauge('Loop utilisation');
  readonly #heap = new Gauge('Heap');
  readonly #facts = h('span');
  readonly #latest = h('span', { class: 'latest' });
  #goneAt: number | undefined;

  constructor(slot: number) {
    this.slot = slot;
    const gauges = [this.#rate, this.#delay, this.#utilization, this.#heap].map(({ element }) => element);
    this.element = h(
      'article',
      { class: 'worker card', 'data-slot': slot },
      h('header', { class: 'worker-head' }, this.#title, this.#state, this.#process),
      h('dl', { class: 'gauges' }, ...gauges),
      h('footer', { class: 'worker-foot' }, this.#facts, this.#latest),
    );
  }

  /** @param candidates the workers of this place: during a reload there are two */
  update(candidates: readonly WorkerCard[], view: LiveView, now: number): void {
    const newest = candidates.reduce<WorkerCard | undefined>(
      (best, one) => (best === undefined || rank(one) > rank(best) ? one : best),
      undefined,
    );
    const present = newest !== undefined && newest.id === this.worker?.id;
    if (this.worker !== undefined && !present && !candidates.some(({ id }) => id === this.worker?.id)) {
      this.#goneAt ??= now;
    }
    const holding = this.#goneAt !== undefined && now - this.#goneAt < SHOW_GONE_MS;
    if (holding || newest === undefined) {
      this.state = 'gone';
      this.history.add(undefined, view);
    } else {
      this.#goneAt = undefined;
      this.worker = newest;
      this.state = newest.state === 'ready' && newest.silentMs > SILENT_MS ? 'silent' : newest.state;
      this.history.add(newest, view);
    }
  }

  draw(scales: Scales, latest: string): void {
    const { worker, history, state } = this;
    if (worker === undefined) return;
    mark(this.element, 'state', state);
    mark(this.element, 'worker', String(worker.id));
    mark(this.#state, 'state', state);
    say(this.#state, state === 'silent' ? `silent for ${age(worker.silentMs / 1000)}` : state);
    say(this.#title, `Worker ${worker.id}`);
    say(this.#process, `pid ${worker.pid}${state === 'gone' ? '' : ` · up ${age(worker.ageS)}`}`);
    const sample = history.latest;
    this.#rate.show(oneDecimal(sample?.rate, (rate) => ({ text: String(rate), unit: '/s' })));
    this.#delay.show(oneDecimal(sample?.delayMs, ms));
    this.#utilization.show(oneDecimal(sample?.utilization, percent));
    this.#heap.show(oneDecimal(sample?.heapBytes, bytes));
    const marks = history.samples.flatMap(({ replaced }, index) => (replaced ? [index] : []));
    const draw = (gauge: Gauge, pick: (one: Sample) => number | undefined, max: number) =>
      gauge.chart.draw(history.samples.map(pick), max, marks);
    draw(this.#rate, (one) => one.rate, scales.rate);
    draw(this.#delay, (one) => one.delayMs, scales.delayMs);
    draw(this.#utilization, (one) => one.utilization, 1);
    draw(this.#heap, (one) => one.heapBytes, scales.heapBytes);
    const { requests } = worker.report ?? {};
    const facts = [
      requests === undefined ? '' : `${digits(requests.inFlight)} in flight`,
      worker.restarts === 0 ? '' : `replaced ${worker.restarts}×`,
    ];
    say(this.#facts, facts.filter(Boolean).join(' · '));
    say(this.#latest, latest);
    this.#latest.title = latest;
  }
}

/** Of the workers of one place, the one in service is shown; without one, the newest. */
function rank({ id, state }: WorkerCard): number {
  return id + (state === 'ready' ? 1e6 : 0);
}

/** Figures that change every second must not change their width as well. */
function oneDecimal(value: number | undefined, format: (value: number) => Figure): Figure | undefined {
  if (value === undefined) return undefined;
  const { text, unit } = format(value);
  const number = Number(text.replaceAll(',', ''));
  return { text: number >= 100 ? digits(Math.round(number)) : number.toFixed(1), unit };
}
