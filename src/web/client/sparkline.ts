import { svg } from './dom.ts';
import { KEPT } from './history.ts';

const HEIGHT = 30;

/** A chart that has just begun shows so many points; then it holds ever more, and in the end it moves. */
const FIRST = 30;

/** A small chart: one point a second, the newest at the right. */
export class Sparkline {
  readonly element: SVGSVGElement;
  readonly #area = svg('path', { class: 'area' });
  readonly #trace = svg('path', { class: 'trace' });
  readonly #marks = svg('path', { class: 'mark' });

  constructor() {
    const ground = svg('path', { class: 'ground', d: `M0 ${HEIGHT - 0.5}H${KEPT}` });
    this.element = svg(
      'svg',
      {
        class: 'spark',
        viewBox: `0 0 ${KEPT - 1} ${HEIGHT}`,
        preserveAspectRatio: 'none',
        'aria-hidden': 'true',
      },
      this.#area,
      ground,
      this.#trace,
      this.#marks,
    );
  }

  /** @param marks where another worker took over */
  draw(values: readonly (number | undefined)[], max: number, marks: readonly number[] = []): void {
    const top = Math.max(max, Number.MIN_VALUE);
    const room = Math.min(KEPT, Math.max(FIRST, values.length));
    this.element.setAttribute('viewBox', `0 0 ${room - 1} ${HEIGHT}`);
    const x = (index: number) => room - values.length + index;
    let [trace, area, from] = ['', '', -1];
    values.forEach((value, index) => {
      if (value !== undefined) {
        const y = (HEIGHT - 1.5 - (Math.min(value, top) / top) * (HEIGHT - 3.5)).toFixed(1);
        if (from < 0) {
          from = index;
          trace += `M${x(index)} ${y}`;
          area += `M${x(index)} ${HEIGHT}V${y}`;
        } else {
          trace += `L${x(index)} ${y}`;
          area += `L${x(index)} ${y}`;
        }
      }
      const next = values[index + 1];
      if (from >= 0 && next === undefined) {
        area += `V${HEIGHT}Z`;
        from = -1;
      }
    });
    this.#trace.setAttribute('d', trace);
    this.#area.setAttribute('d', area);
    this.#marks.setAttribute('d', marks.map((index) => `M${x(index)} 0V${HEIGHT}`).join(''));
  }
}
