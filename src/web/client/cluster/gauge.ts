import { h, setText } from '../dom/elements.ts';
import { digits, ms, spaced, type Figure } from '../dom/format.ts';
import { Sparkline } from '../dom/sparkline.ts';
import { MAX_SAMPLES, type Sample } from './worker-history.ts';

type Pick = (sample: Sample) => number | undefined;

/** One figure of a worker, and its last two minutes as a chart. */
export class Gauge {
  readonly value = h('span');
  readonly unit = h('small');
  readonly chart = new Sparkline(MAX_SAMPLES);
  readonly #pick: Pick;
  readonly #format: (value: number) => Figure;

  constructor(pick: Pick, format: (value: number) => Figure) {
    this.#pick = pick;
    this.#format = format;
  }

  /** @param max the top of the chart, the same for all workers so that they can be compared */
  draw(samples: readonly Sample[], max: number): void {
    const latest = samples.at(-1);
    const value = latest && this.#pick(latest);
    const figure = value === undefined ? { text: '–', unit: '' } : oneDecimal(this.#format(value));
    setText(this.value, figure.text);
    setText(this.unit, spaced(figure.unit));
    const marks = samples.flatMap(({ replaced }, index) => (replaced ? [index] : []));
    this.chart.draw(samples.map(this.#pick), max, marks);
  }
}

/** Requests per second. */
export function createRate(): Gauge {
  return new Gauge(
    ({ rate }) => rate,
    (rate) => ({ text: String(rate), unit: '/s' }),
  );
}

/** The 99th percentile of the delay of the event loop. */
export function createDelay(): Gauge {
  return new Gauge(({ delayMs }) => delayMs, ms);
}

/** A figure of constant width: it changes every second. */
function oneDecimal({ text, unit }: Figure): Figure {
  const number = Number(text.replaceAll(',', ''));
  return { text: number >= 100 ? digits(Math.round(number)) : number.toFixed(1), unit };
}
