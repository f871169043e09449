import { h, setData, setText } from '../dom/elements.ts';
import { bytes, digits, duration, percent } from '../dom/format.ts';
import { createDelay, createRate, Gauge } from './gauge.ts';
import type { Slot } from './slot.ts';

/** The tops of the charts, the same for all workers so that they can be compared. */
export interface Scales {
  readonly rate: number;
  readonly delayMs: number;
  readonly heapBytes: number;
}

/** One worker in detail: its four charts. */
export class WorkerCard {
  readonly element: HTMLElement;
  readonly #slot: Slot;
  readonly #title = h('h3');
  readonly #process = h('p.process.muted');
  readonly #rate = createRate();
  readonly #delay = createDelay();
  readonly #utilization = new Gauge(({ utilization }) => utilization, percent);
  readonly #heap = new Gauge(({ heapBytes }) => heapBytes, bytes);
  readonly #counts = h('p.worker-foot');

  constructor(slot: Slot) {
    this.#slot = slot;
    const gauge = (label: string, { value, unit, chart }: Gauge) =>
      h('div.gauge', h('dt', label), h('dd', value, unit), h('dd', { 'aria-hidden': 'true' }, chart.element));
    this.element = h(
      'article.worker-card.card',
      h('header.worker-head', this.#title, this.#process),
      h(
        'dl.gauges',
        gauge('Requests', this.#rate),
        gauge('Loop delay, p99', this.#delay),
        gauge('Loop utilization', this.#utilization),
        gauge('Heap', this.#heap),
      ),
      this.#counts,
    );
  }

  draw(scales: Scales): void {
    const { worker, state, description, history } = this.#slot;
    const { samples } = history;
    if (worker === undefined) return;
    setData(this.element, 'state', state);
    setText(this.#title, `Worker ${worker.id}`);
    setText(this.#process, [description, `pid ${worker.pid}`, `up ${duration(worker.ageS)}`].join(' · '));
    this.#rate.draw(samples, scales.rate);
    this.#delay.draw(samples, scales.delayMs);
    this.#utilization.draw(samples, 1);
    this.#heap.draw(samples, scales.heapBytes);
    const { requests } = worker.report ?? {};
    const counts = [
      requests === undefined ? '' : `${digits(requests.inFlight)} in flight`,
      worker.restarts === 0 ? '' : `replaced ${worker.restarts}×`,
    ];
    setText(this.#counts, counts.filter(Boolean).join(' · '));
  }
}
