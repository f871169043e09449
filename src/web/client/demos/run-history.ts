import { h } from '../dom/elements.ts';
import { clockTime, ms, toText } from '../dom/format.ts';
import type { Prepared } from '../request/prepared-request.ts';
import type { Outcome } from '../request/send-request.ts';
import { createComparison } from '../response/comparison.ts';
import { isEvidence } from '../response/evidence.ts';
import type { Entry } from './catalog.ts';

interface Run {
  readonly at: number;
  /** What distinguishes its request: the query. */
  readonly values: string;
  readonly outcome: Outcome;
}

interface Options {
  readonly entry: Entry;
  /** Renders the response of a run. */
  readonly render: (outcome: Outcome) => HTMLElement;
  /** Shows a response or a comparison. */
  readonly show: (view: HTMLElement) => void;
}

const MAX_RUNS = 6;
/** A larger body of an earlier run is not kept. */
const MAX_EARLIER_BYTES = 2_000_000;
/** The runs of each route since the page was loaded, the oldest first. */
const runsByKey = new Map<string, Run[]>();

/** The last runs of a route: each can be shown again and compared with the one that is shown. */
export class RunHistory {
  readonly element = h('ol.runs', { 'aria-label': 'Runs of this request since the page was loaded' });
  readonly #options: Options;
  readonly #runs: Run[];
  #shown: Run | undefined;

  constructor(options: Options) {
    this.#options = options;
    this.#runs = runsByKey.get(options.entry.key) ?? [];
    runsByKey.set(options.entry.key, this.#runs);
    const last = this.#runs.at(-1);
    if (last === undefined) this.#draw();
    else this.#show(last);
  }

  /** Adds a run whose response is shown already. */
  add({ target }: Prepared, outcome: Outcome): void {
    for (const { outcome: earlier } of this.#runs) {
      if ((earlier.progress?.bytes ?? 0) > MAX_EARLIER_BYTES && earlier.progress)
        earlier.progress.parts = undefined;
    }
    const run = { at: Date.now(), values: decodeURIComponent(target.split('?')[1] ?? ''), outcome };
    this.#runs.push(run);
    if (this.#runs.length > MAX_RUNS) this.#runs.shift();
    this.#shown = run;
    this.#draw();
  }

  #show(run: Run): void {
    this.#shown = run;
    this.#options.show(this.#options.render(run.outcome));
    this.#draw();
  }

  #compare(other: Run): void {
    const shown = this.#shown;
    if (shown === undefined) return;
    const sides = [shown, other].sort((one, two) => one.at - two.at);
    const [earlier, later] = sides.map((run) => ({
      entry: this.#options.entry,
      outcome: run.outcome,
      name: [clockTime(run.at), run.values].filter(Boolean).join(' '),
    }));
    if (earlier !== undefined && later !== undefined) this.#options.show(createComparison(earlier, later));
  }

  #draw(): void {
    // A single run needs no list.
    this.element.hidden = this.#runs.length < 2;
    this.element.replaceChildren(...this.#runs.map((run) => this.#createItem(run)));
  }

  #createItem(run: Run): HTMLLIElement {
    const { outcome, at } = run;
    const isShown = run === this.#shown;
    const status = outcome.progress?.status ?? '–';
    const name = `${clockTime(at)} · ${status} · ${toText(ms(Math.round(outcome.totalMs)))}`;
    const comparable = !isShown && isEvidence(outcome.json) && isEvidence(this.#shown?.outcome.json);
    return h(
      'li',
      h(
        'button.button.small',
        { type: 'button', 'aria-pressed': String(isShown), title: run.values, click: () => this.#show(run) },
        name,
      ),
      comparable &&
        h(
          'button.button.small',
          { type: 'button', 'aria-label': `Compare with ${name}`, click: () => this.#compare(run) },
          '⇄',
        ),
    );
  }
}
