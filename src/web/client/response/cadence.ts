import { svg } from '../dom/elements.ts';

const HEIGHT = 30;
/** Room for this much time at first; it doubles when it is full. */
const INITIAL_MS = 2_000;

/** One tick per chunk at the time of its arrival: even, in bursts, or with gaps. */
export class Cadence {
  readonly element = svg('svg.sparkline.cadence', { preserveAspectRatio: 'none', 'aria-hidden': 'true' });
  readonly #ticks = svg('path.line');
  readonly #baseline = svg('path.baseline');

  constructor() {
    this.element.append(this.#baseline, this.#ticks);
  }

  /** @param arrivals times since the request, in milliseconds */
  draw(arrivals: readonly number[]): void {
    let spanMs = INITIAL_MS;
    while (spanMs < (arrivals.at(-1) ?? 0)) spanMs *= 2;
    this.element.setAttribute('viewBox', `0 0 ${spanMs} ${HEIGHT}`);
    this.#baseline.setAttribute('d', `M0 ${HEIGHT - 0.5}H${spanMs}`);
    this.#ticks.setAttribute('d', arrivals.map((at) => `M${Math.round(at)} 4V${HEIGHT}`).join(''));
  }
}
