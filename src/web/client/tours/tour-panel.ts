import type { ClusterPanel } from '../cluster/cluster-panel.ts';
import type { Catalog } from '../demos/catalog.ts';
import { byId, h, setData, setText } from '../dom/elements.ts';
import { plural } from '../dom/format.ts';
import { LatencyChart } from '../load-burst/latency-chart.ts';
import { blockTour } from './block-tour.ts';
import { killTour } from './kill-tour.ts';
import { reloadTour } from './reload-tour.ts';
import { TourRun } from './tour-run.ts';
import type { Tour } from './tour.ts';
import type { Verdict } from './verdicts.ts';

const tours: Readonly<Record<string, Tour>> = { block: blockTour, kill: killTour, reload: reloadTour };

const DRAW_INTERVAL_MS = 150;
/** The time axis grows if a tour takes longer. */
const INITIAL_DURATION_MS = 10_000;

/** Starts the tours from their buttons, and shows the one that runs. */
export class TourPanel {
  readonly #catalog: Catalog;
  readonly #cluster: ClusterPanel;
  readonly #section = byId('tour');
  #running: AbortController | undefined;

  constructor(catalog: Catalog, cluster: ClusterPanel) {
    this.#catalog = catalog;
    this.#cluster = cluster;
    for (const button of document.querySelectorAll<HTMLButtonElement>('[data-tour]')) {
      const tour = tours[button.dataset['tour'] ?? ''];
      if (tour === undefined) continue;
      button.disabled = false;
      button.addEventListener('click', () => void this.#start(tour, button));
    }
    this.#section.addEventListener('keydown', ({ key }) => {
      if (key === 'Escape') this.#running?.abort();
    });
  }

  async #start(tour: Tour, button: HTMLElement): Promise<void> {
    this.#running?.abort();
    const controller = new AbortController();
    this.#running = controller;
    const stage = new TourStage(tour, {
      stop: () => controller.abort(),
      again: () => void this.#start(tour, button),
      close: () => {
        controller.abort();
        this.#section.hidden = true;
        button.focus();
      },
    });
    this.#section.hidden = false;
    this.#section.replaceChildren(stage.element);
    this.#section.scrollIntoView({ block: 'nearest' });
    stage.focus();
    const run = new TourRun({
      catalog: this.#catalog,
      cluster: this.#cluster,
      signal: controller.signal,
      onStep: (index) => stage.begin(index),
      onNews: (text) => stage.tell(text),
    });
    const timer = setInterval(() => stage.draw(run), DRAW_INTERVAL_MS);
    try {
      stage.conclude(await tour.run(run));
    } catch (error) {
      const stopped = controller.signal.aborted;
      stage.conclude({
        tone: 'open',
        headline: stopped ? 'Stopped' : 'The tour could not go on',
        text: stopped ? `${plural(run.samples.length, 'response')} received until then.` : String(error),
      });
    } finally {
      clearInterval(timer);
      stage.draw(run);
      controller.abort();
      stage.showVerdict();
    }
  }
}

interface Actions {
  readonly stop: () => void;
  readonly again: () => void;
  readonly close: () => void;
}

const symbols: Readonly<Record<Verdict['tone'], string>> = { shown: '✓', 'not-shown': '✕', open: '?' };

/** The steps, the chart and the verdict of one run. */
class TourStage {
  readonly element: HTMLElement;
  readonly #title: HTMLElement;
  readonly #steps: readonly { readonly item: HTMLElement; readonly news: HTMLElement }[];
  readonly #chartBox = h('div.load-chart-box');
  readonly #legend = h('p.tour-legend.muted');
  readonly #verdict = h('div.verdict', { role: 'status' });
  readonly #stop: HTMLButtonElement;
  readonly #again: HTMLButtonElement;
  readonly #route: string;
  #chart: LatencyChart | undefined;
  #step = -1;

  constructor(tour: Tour, actions: Actions) {
    this.#route = tour.route;
    this.#title = h('h2.title', { id: 'tour-title', tabindex: -1 }, tour.title);
    this.#steps = tour.steps.map((title) => {
      const news = h('p.muted');
      return { item: h('li', { 'data-state': 'waiting' }, h('strong', title), news), news };
    });
    const button = (name: string, click: () => void) =>
      h('button.button.small', { type: 'button', click }, name);
    this.#stop = button('Stop', actions.stop);
    this.#again = button('Run again', () => {
      if (this.#again.getAttribute('aria-disabled') !== 'true') actions.again();
    });
    this.element = h(
      'div.tour-stage',
      h('header.tour-head', this.#title, this.#stop, this.#again, button('Close', actions.close)),
      h(
        'div.tour-body',
        h('ol.tour-steps', { 'aria-live': 'polite' }, ...this.#steps.map(({ item }) => item)),
        h('div.tour-figure', this.#chartBox, this.#legend),
      ),
      this.#verdict,
    );
    this.#setRunning(true);
  }

  /** On a small screen the verdict is below the visible part. */
  showVerdict(): void {
    this.#verdict.scrollIntoView({ block: 'nearest' });
  }

  focus(): void {
    this.#title.focus({ preventScroll: true });
  }

  begin(index: number): void {
    this.#step = index;
    this.#steps.forEach(({ item }, one) => {
      setData(item, 'state', one < index ? 'done' : one === index ? 'running' : 'waiting');
      if (one === index) item.setAttribute('aria-current', 'step');
      else item.removeAttribute('aria-current');
    });
  }

  tell(text: string): void {
    const step = this.#steps[this.#step];
    if (step !== undefined) setText(step.news, text);
  }

  draw({ samples, marks, worker }: Pick<TourRun, 'samples' | 'marks' | 'worker'>): void {
    this.#chart ??= this.#createChart();
    this.#chart.draw({ samples, marks, worker });
    const standsOut = worker === undefined ? '' : ` Amber: by worker ${worker}.`;
    setText(this.#legend, `Each dot is a response to this page, as high as it took.${standsOut}`);
  }

  conclude({ tone, headline, text }: Verdict): void {
    if (tone !== 'open') this.begin(this.#steps.length);
    setData(this.#verdict, 'tone', tone);
    this.#verdict.replaceChildren(
      h('p.headline', h('span', { 'aria-hidden': 'true' }, `${symbols[tone]} `), headline),
      h('p', text, ' ', h('a', { href: `#${this.#route}` }, 'Open the demo')),
    );
    this.#setRunning(false);
  }

  #createChart(): LatencyChart {
    const chart = new LatencyChart(this.#chartBox.clientWidth, INITIAL_DURATION_MS);
    this.#chartBox.append(chart.element);
    return chart;
  }

  /** Not the `disabled` property: a disabled button loses the focus. */
  #setRunning(running: boolean): void {
    setData(this.element, 'state', running ? 'running' : 'ended');
    this.#stop.setAttribute('aria-disabled', String(!running));
    this.#again.setAttribute('aria-disabled', String(running));
  }
}
