import { svg } from './elements.ts';

const HEIGHT = 30;
/** The horizontal scale has room for this many points, then grows with them. */
const MIN_POINTS = 30;

/** A small chart of values at equal intervals, the newest at the right. */
export class Sparkline {
  readonly element: SVGSVGElement;
  readonly #capacity: number;
  readonly #area = svg('path.area');
  readonly #line = svg('path.line');
  readonly #marks = svg('path.mark');

  /** @param capacity the most values that it draws */
  constructor(capacity: number) {
    this.#capacity = capacity;
    this.element = svg(
      'svg.sparkline',
      { preserveAspectRatio: 'none', 'aria-hidden': 'true' },
      this.#area,
      svg('path.baseline', { d: `M0 ${HEIGHT - 0.5}H${capacity}` }),
      this.#line,
      this.#marks,
    );
    this.draw([], 1);
  }

  /** @param marks indexes of values to mark with a vertical line */
  draw(values: readonly (number | undefined)[], max: number, marks: readonly number[] = []): void {
    const top = Math.max(max, Number.MIN_VALUE);
    const points = Math.min(this.#capacity, Math.max(MIN_POINTS, values.length));
    this.element.setAttribute('viewBox', `0 0 ${points - 1} ${HEIGHT}`);
    const x = (index: number) => points - values.length + index;
    let [line, area, drawing] = ['', '', false];
    values.forEach((value, index) => {
      if (value === undefined) return;
      const y = (HEIGHT - 1.5 - (Math.min(value, top) / top) * (HEIGHT - 3.5)).toFixed(1);
      line += `${drawing ? 'L' : 'M'}${x(index)} ${y}`;
      area += drawing ? `L${x(index)} ${y}` : `M${x(index)} ${HEIGHT}V${y}`;
      drawing = values[index + 1] !== undefined;
      if (!drawing) area += `V${HEIGHT}Z`;
    });
    this.#line.setAttribute('d', line);
    this.#area.setAttribute('d', area);
    this.#marks.setAttribute('d', marks.map((index) => `M${x(index)} 0V${HEIGHT}`).join(''));
  }
}
