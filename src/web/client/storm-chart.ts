import { svg } from './dom.ts';

export interface Dot {
  /** Since the start of the storm. */
  readonly atMs: number;
  readonly tookMs: number;
  readonly outcome: 'answered' | 'shed' | 'failed';
}

const HEIGHT = 200;
const LEFT = 52;
const BOTTOM = 22;
const TOP = 8;
/** The scale is logarithmic, from a millisecond to this; it need not move while dots come. */
const LONGEST_MS = 10_000;

/** Latencies over time as dots: discs are answered, squares are shed, crosses failed. */
export class StormChart {
  readonly element: SVGSVGElement;
  readonly #lengthMs: number;
  readonly #width: number;
  #drawn = 0;

  constructor(width: number, lengthMs: number) {
    this.#width = width;
    this.#lengthMs = lengthMs;
    this.element = svg('svg', {
      class: 'storm-chart',
      viewBox: `0 0 ${width} ${HEIGHT}`,
      width,
      height: HEIGHT,
      role: 'img',
      'aria-label': 'Latency of each request over time; the figures are below',
    });
    this.#drawScale();
  }

  /** Adds those that are not drawn yet. */
  draw(dots: readonly Dot[]): void {
    this.element.append(...dots.slice(this.#drawn).map((dot) => this.#drawDot(dot)));
    this.#drawn = dots.length;
  }

  #x(atMs: number): number {
    return LEFT + 6 + (atMs / this.#lengthMs) * (this.#width - LEFT - 14);
  }

  #y(tookMs: number): number {
    const share = Math.log10(Math.min(LONGEST_MS, Math.max(1, tookMs))) / Math.log10(LONGEST_MS);
    return HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - TOP);
  }

  #drawScale(): void {
    for (let tick = 1; tick <= LONGEST_MS; tick *= 10) {
      const y = Math.round(this.#y(tick)) + 0.5;
      const text = tick >= 1000 ? `${tick / 1000} s` : `${tick} ms`;
      this.element.append(
        svg('path', { class: 'rule', d: `M${LEFT} ${y}H${this.#width}` }),
        svg('text', { x: LEFT - 8, y: y + 4, 'text-anchor': 'end' }, text),
      );
    }
    const seconds = this.#lengthMs / 1000;
    const step = Math.max(1, Math.round(seconds / 5));
    for (let s = 0; s <= seconds; s += step) {
      const anchor = s === 0 ? 'start' : s === seconds ? 'end' : 'middle';
      this.element.append(
        svg('text', { x: this.#x(s * 1000), y: HEIGHT - 4, 'text-anchor': anchor }, `${s} s`),
      );
    }
  }

  #drawDot({ atMs, tookMs, outcome }: Dot): SVGElement {
    const [x, y] = [this.#x(atMs), this.#y(tookMs)];
    if (outcome === 'answered')
      return svg('circle', { class: outcome, cx: x.toFixed(1), cy: y.toFixed(1), r: 3 });
    const [left, top] = [x - 3, y - 3];
    const shape = outcome === 'shed' ? 'h6v6h-6z' : 'l6 6m0 -6l-6 6';
    return svg('path', { class: outcome, d: `M${left.toFixed(1)} ${top.toFixed(1)}${shape}` });
  }
}
