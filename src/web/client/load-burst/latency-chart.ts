import { svg } from '../dom/elements.ts';
import type { Mark, Sample } from './sample.ts';

interface Drawing {
  readonly samples: readonly Sample[];
  readonly marks?: readonly Mark[];
  /** The worker whose responses stand out. */
  readonly worker?: number | undefined;
}

const HEIGHT = 200;
const LEFT = 52;
const BOTTOM = 22;
const TOP = 22;
/** Round steps of the time axis, in seconds. */
const STEPS = [1, 2, 5, 10, 20, 30, 60, 120];

/**
 * Latencies over time, on a logarithmic scale. A disc is an answered request, a square a shed one, a cross a failed one.
 * Both axes grow with what they have to show.
 */
export class LatencyChart {
  readonly element: SVGSVGElement;
  readonly #width: number;
  #durationMs: number;
  #maxMs = 10_000;
  #drawn = 0;
  #drawnMarks = 0;
  #worker: number | undefined;

  constructor(width: number, durationMs: number) {
    this.#width = Math.max(width, 200);
    this.#durationMs = durationMs;
    this.element = svg('svg.load-chart', {
      viewBox: `0 0 ${this.#width} ${HEIGHT}`,
      width: this.#width,
      height: HEIGHT,
      role: 'img',
      'aria-label': 'Latency of each request over time; the figures are in the text',
    });
    this.#drawScale();
  }

  /** Draws what is not drawn yet; everything if a scale has to grow. */
  draw({ samples, marks = [], worker }: Drawing): void {
    const lastMs = Math.max(samples.at(-1)?.atMs ?? 0, marks.at(-1)?.atMs ?? 0);
    const slowestMs = samples.slice(this.#drawn).reduce((max, { tookMs }) => Math.max(max, tookMs), 0);
    if (lastMs > this.#durationMs || slowestMs > this.#maxMs || worker !== this.#worker) {
      while (lastMs > this.#durationMs) this.#durationMs *= 2;
      while (slowestMs > this.#maxMs) this.#maxMs *= 10;
      this.#worker = worker;
      this.#drawn = this.#drawnMarks = 0;
      this.element.replaceChildren();
      this.#drawScale();
    }
    this.element.append(
      ...marks
        .slice(this.#drawnMarks)
        .flatMap((mark, index) => this.#drawMark(mark, index + this.#drawnMarks)),
      ...samples.slice(this.#drawn).map((sample) => this.#drawSample(sample)),
    );
    this.#drawn = samples.length;
    this.#drawnMarks = marks.length;
  }

  #x(atMs: number): number {
    return LEFT + 6 + (atMs / this.#durationMs) * (this.#width - LEFT - 14);
  }

  #y(tookMs: number): number {
    const share = Math.log10(Math.max(1, tookMs)) / Math.log10(this.#maxMs);
    return HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - TOP);
  }

  #drawScale(): void {
    for (let tick = 1; tick <= this.#maxMs; tick *= 10) {
      const y = Math.round(this.#y(tick)) + 0.5;
      const text = tick >= 1000 ? `${tick / 1000} s` : `${tick} ms`;
      this.element.append(
        svg('path.rule', { d: `M${LEFT} ${y}H${this.#width}` }),
        svg('text', { x: LEFT - 8, y: y + 4, 'text-anchor': 'end' }, text),
      );
    }
    const seconds = this.#durationMs / 1000;
    const step = STEPS.find((one) => seconds / one <= 8) ?? seconds;
    for (let s = 0; s <= seconds; s += step) {
      const anchor = s === 0 ? 'start' : s === seconds ? 'end' : 'middle';
      this.element.append(
        svg('text', { x: this.#x(s * 1000), y: HEIGHT - 4, 'text-anchor': anchor }, `${s} s`),
      );
    }
  }

  #drawMark({ atMs, label }: Mark, index: number): SVGElement[] {
    const x = this.#x(atMs);
    const isRight = x > this.#width * 0.7;
    // Neighbors are on two lines, so that their labels do not overlap.
    const text = { x: (isRight ? x - 4 : x + 4).toFixed(1), y: index % 2 === 0 ? 9 : 19 };
    return [
      svg('path.mark', { d: `M${x.toFixed(1)} 0V${HEIGHT - BOTTOM}` }),
      svg('text.mark-label', { ...text, 'text-anchor': isRight ? 'end' : 'start' }, label),
    ];
  }

  #drawSample({ atMs, tookMs, outcome, worker }: Sample): SVGElement {
    const [x, y] = [this.#x(atMs), this.#y(tookMs)];
    const stands = worker !== undefined && worker === this.#worker;
    if (outcome === 'answered') {
      const name = stands ? `${outcome} standing-out` : outcome;
      return svg('circle', { class: name, cx: x.toFixed(1), cy: y.toFixed(1), r: stands ? 3.5 : 3 });
    }
    const [left, top] = [x - 3, y - 3];
    const shape = outcome === 'shed' ? 'h6v6h-6z' : 'l6 6m0 -6l-6 6';
    return svg('path', { class: outcome, d: `M${left.toFixed(1)} ${top.toFixed(1)}${shape}` });
  }
}
