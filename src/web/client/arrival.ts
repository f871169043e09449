import { h, say } from './dom.ts';
import type { Progress } from './exchange.ts';
import { bytes, digits, ms, plain } from './format.ts';
import { Sparkline } from './sparkline.ts';

const SAMPLE_MS = 100;
const KEPT = 180;
/** The end of a text is what is new. */
const TAIL = 4_000;

/** What is seen while an answer arrives: time, bytes, rate, and the end of a text. */
export class Arrival {
  readonly element: HTMLElement;
  readonly #time = h('span', { class: 'elapsed' });
  readonly #size = h('span');
  readonly #rates: number[] = [];
  readonly #chart = new Sparkline();
  readonly #tail = h('pre', {
    class: 'text tail',
    tabindex: 0,
    role: 'group',
    'aria-label': 'The end of what has arrived',
  });
  readonly #startedAt = performance.now();
  readonly #timer: number;
  #progress: Progress | undefined;
  #bytes = 0;

  constructor(what: string) {
    this.#tail.hidden = true;
    this.element = h(
      'div',
      { class: 'arrival' },
      h(
        'p',
        {},
        h('span', { class: 'spinner', 'aria-hidden': 'true' }),
        h('span', {}, what),
        this.#time,
        this.#size,
      ),
      this.#chart.element,
      this.#tail,
    );
    this.#chart.element.classList.add('hidden-until-data');
    this.#timer = window.setInterval(() => this.#tick(), SAMPLE_MS);
  }

  readonly onProgress = (progress: Progress): void => {
    this.#progress = progress;
  };

  end(): void {
    clearInterval(this.#timer);
    this.element.remove();
  }

  #tick(): void {
    say(this.#time, plain(ms(Math.round(performance.now() - this.#startedAt))));
    const progress = this.#progress;
    if (progress === undefined || progress.chunks === 0) return;
    this.#rates.push(((progress.bytes - this.#bytes) * 1000) / SAMPLE_MS);
    this.#bytes = progress.bytes;
    if (this.#rates.length > KEPT) this.#rates.shift();
    const recent = this.#rates.slice(-10);
    const rate = recent.reduce((sum, one) => sum + one, 0) / recent.length;
    say(
      this.#size,
      `${plain(bytes(progress.bytes))} in ${digits(progress.chunks)} chunks, ${plain(bytes(Math.round(rate)))}/s`,
    );
    this.#chart.element.classList.remove('hidden-until-data');
    this.#chart.draw(this.#rates, Math.max(...this.#rates));
    if (progress.text === '') return;
    this.#tail.hidden = false;
    say(this.#tail, progress.text.slice(-TAIL));
    this.#tail.scrollTop = this.#tail.scrollHeight;
  }
}
