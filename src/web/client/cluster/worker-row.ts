import { h, setData, setText } from '../dom/elements.ts';
import { duration } from '../dom/format.ts';
import { createDelay, createRate } from './gauge.ts';
import type { Slot } from './slot.ts';
import type { Scales } from './worker-card.ts';

/** One worker in the strip: its state, its load and its event-loop delay. */
export class WorkerRow {
  readonly element: HTMLLIElement;
  readonly #slot: Slot;
  readonly #name = h('b.worker-name');
  readonly #state = h('span.state');
  readonly #process = h('span.process.muted');
  readonly #rate = createRate();
  readonly #delay = createDelay();
  readonly #lastEvent = h('span.last-event.muted');

  constructor(slot: Slot) {
    this.#slot = slot;
    this.element = h(
      'li.worker',
      { 'data-slot': slot.index },
      h(
        'div.worker-line',
        this.#name,
        this.#state,
        this.#process,
        h('span.figure', { title: 'Requests per second' }, this.#rate.value, this.#rate.unit),
        h(
          'span.figure',
          { title: 'Event loop delay, 99th percentile' },
          h('span.visually-hidden', 'event loop delay '),
          this.#delay.value,
          this.#delay.unit,
        ),
        h('span.row-chart', { 'aria-hidden': 'true' }, this.#delay.chart.element),
        this.#lastEvent,
      ),
    );
  }

  draw(scales: Scales, lastEvent: string): void {
    const { worker, state, description, history } = this.#slot;
    if (worker === undefined) return;
    setData(this.element, 'state', state);
    setData(this.element, 'worker', String(worker.id));
    setData(this.#state, 'state', state);
    setText(this.#state, description);
    setText(this.#name, `Worker ${worker.id}`);
    const isThere = state !== 'gone' && state !== 'unknown';
    setText(this.#process, `pid ${worker.pid}${isThere ? ` · up ${duration(worker.ageS)}` : ''}`);
    this.#rate.draw(history.samples, scales.rate);
    this.#delay.draw(history.samples, scales.delayMs);
    setText(this.#lastEvent, lastEvent);
  }
}
