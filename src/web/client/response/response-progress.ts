import { h, setText } from '../dom/elements.ts';
import { bytes, digits, ms, toText } from '../dom/format.ts';
import { Sparkline } from '../dom/sparkline.ts';
import { MAX_ARRIVALS, type Progress } from '../request/send-request.ts';
import { Cadence } from './cadence.ts';

const INTERVAL_MS = 100;
const MAX_RATES = 180;
const TAIL_CHARACTERS = 4_000;

/** A response while it arrives: its time, bytes, and rhythm or rate, and the end of its text. */
export class ResponseProgress {
  readonly element: HTMLElement;
  readonly #time = h('span.muted');
  readonly #size = h('span');
  readonly #rates: number[] = [];
  readonly #chart = new Sparkline(MAX_RATES);
  readonly #cadence = new Cadence();
  readonly #tail = h('pre.text', {
    hidden: true,
    tabindex: 0,
    role: 'group',
    'aria-label': 'The end of the text so far',
  });
  readonly #startedAt = performance.now();
  readonly #timer: number;
  #progress: Progress | undefined;
  #bytes = 0;

  constructor(caption: string) {
    this.element = h(
      'div.progress',
      h('p', h('span.spinner', { 'aria-hidden': 'true' }), h('span', caption), this.#time, this.#size),
      this.#cadence.element,
      this.#chart.element,
      this.#tail,
    );
    this.#chart.element.classList.add('hidden-until-data');
    this.#cadence.element.classList.add('hidden-until-data');
    this.#timer = window.setInterval(() => this.#draw(), INTERVAL_MS);
  }

  readonly update = (progress: Progress): void => {
    this.#progress = progress;
  };

  end(): void {
    clearInterval(this.#timer);
    this.element.remove();
  }

  #draw(): void {
    setText(this.#time, toText(ms(Math.round(performance.now() - this.#startedAt))));
    const progress = this.#progress;
    if (progress === undefined || progress.chunks === 0) return;
    this.#rates.push(((progress.bytes - this.#bytes) * 1000) / INTERVAL_MS);
    this.#bytes = progress.bytes;
    if (this.#rates.length > MAX_RATES) this.#rates.shift();
    const recent = this.#rates.slice(-10);
    const rate = recent.reduce((sum, one) => sum + one, 0) / recent.length;
    setText(
      this.#size,
      `${toText(bytes(progress.bytes))} in ${digits(progress.chunks)} chunks, ${toText(bytes(Math.round(rate)))}/s`,
    );
    // Single chunks have a rhythm, many have a rate.
    const few = progress.arrivals.length < MAX_ARRIVALS;
    this.#cadence.element.classList.toggle('hidden-until-data', !few);
    this.#chart.element.classList.toggle('hidden-until-data', few);
    if (few) this.#cadence.draw(progress.arrivals);
    else this.#chart.draw(this.#rates, Math.max(...this.#rates));
    if (progress.text === '') return;
    this.#tail.hidden = false;
    setText(this.#tail, progress.text.slice(-TAIL_CHARACTERS));
    this.#tail.scrollTop = this.#tail.scrollHeight;
  }
}
