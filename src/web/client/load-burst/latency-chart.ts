import { svg } from '../dom/elements.ts';

/** One request of a load burst. */
export interface Sample {
  /** When it was due, since the start. */
  readonly atMs: number;
  /** Since it was due. */
  readonly tookMs: number;
  readonly outcome: 'answered' | 'shed' | 'failed';
}

const HEIGHT = 200;
const LEFT = 52;
const BOTTOM = 22;
const TOP = 8;
/** The scale is logarithmic, from 1 ms to this, so that it need not change during the burst. */
const MAX_MS = 10_000;

/** Latencies over time. A disc is an answered request, a square a shed one, a cross a failed one. */
export class LoadBurstChart {
  readonly element: SVGSVGElement;
  readonly #durationMs: number;
  readonly #width: number;
  #drawn = 0;

  constructor(width: number, durationMs: number) {
    this.#width = width;
    this.#durationMs = durationMs;
    this.element = svg('svg.load-chart', {
      viewBox: `0 0 ${width} ${HEIGHT}`,
      width,
      height: HEIGHT,
      role: 'img',
      'aria-label': 'Latency of each request over time; the figures are below',
    });
    this.#drawScale();
  }

  /** Draws the samples that are not drawn yet. */
  draw(samples: readonly Sample[]): void {
    this.element.append(...samples.slice(this.#drawn).map((sample) => this.#drawSample(sample)));
    this.#drawn = samples.length;
  }

  #x(atMs: number): number {
    return LEFT + 6 + (atMs / this.#durationMs) * (this.#width - LEFT - 14);
  }

  #y(tookMs: number): number {
    const share = Math.log10(Math.min(MAX_MS, Math.max(1, tookMs))) / Math.log10(MAX_MS);
    return HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - TOP);
  }

  #drawScale(): void {
    for (let tick = 1; tick <= MAX_MS; tick *= 10) {
      const y = Math.round(this.#y(tick)) + 0.5;
      const text = tick >= 1000 ? `${tick / 1000} s` : `${tick} ms`;
      this.element.append(
        svg('path.rule', { d: `M${LEFT} ${y}H${this.#width}` }),
        svg('text', { x: LEFT - 8, y: y + 4, 'text-anchor': 'end' }, text),
      );
    }
    const seconds = this.#durationMs / 1000;
    const step = Math.max(1, Math.round(seconds / 5));
    for (let s = 0; s <= seconds; s += step) {
      const anchor = s === 0 ? 'start' : s === seconds ? 'end' : 'middle';
      this.element.append(
        svg('text', { x: this.#x(s * 1000), y: HEIGHT - 4, 'text-anchor': anchor }, `${s} s`),
      );
    }
  }

  #drawSample({ atMs, tookMs, outcome }: Sample): SVGElement {
    const [x, y] = [this.#x(atMs), this.#y(tookMs)];
    if (outcome === 'answered')
      return svg('circle', { class: outcome, cx: x.toFixed(1), cy: y.toFixed(1), r: 3 });
    const [left, top] = [x - 3, y - 3];
    const shape = outcome === 'shed' ? 'h6v6h-6z' : 'l6 6m0 -6l-6 6';
    return svg('path', { class: outcome, d: `M${left.toFixed(1)} ${top.toFixed(1)}${shape}` });
  }
}
