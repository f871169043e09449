import type { WorkerView } from '../../../supervision/supervision.ts';
import type { LiveView } from '../../page-data.ts';
import { h, setData, setText } from '../dom/elements.ts';
import { bytes, digits, duration, ms, percent, spaced, type Figure } from '../dom/format.ts';
import { Sparkline } from '../dom/sparkline.ts';
import { MAX_SAMPLES, SILENT_MS, WorkerHistory, type Sample } from './worker-history.ts';

/** The tops of the charts, the same for all cards so that they can be compared. */
interface Scales {
  readonly rate: number;
  readonly delayMs: number;
  readonly heapBytes: number;
}

/** A worker that was gone for a moment is shown as gone for this long, or it would go unnoticed. */
const SHOW_GONE_MS = 1_800;

class Gauge {
  readonly element: HTMLElement;
  readonly #chart = new Sparkline(MAX_SAMPLES);
  readonly #value = h('span');
  readonly #unit = h('small');
  readonly #pick: (sample: Sample) => number | undefined;
  readonly #format: (value: number) => Figure;

  constructor(
    label: string,
    pick: (sample: Sample) => number | undefined,
    format: (value: number) => Figure,
  ) {
    this.#pick = pick;
    this.#format = format;
    this.element = h(
      'div.gauge',
      h('dt', label),
      h('dd', this.#value, this.#unit),
      h('dd', { 'aria-hidden': 'true' }, this.#chart.element),
    );
  }

  draw(samples: readonly Sample[], max: number): void {
    const latest = samples.at(-1);
    const value = latest && this.#pick(latest);
    const figure = value === undefined ? { text: '–', unit: '' } : oneDecimal(this.#format(value));
    setText(this.#value, figure.text);
    setText(this.#unit, spaced(figure.unit));
    const marks = samples.flatMap(({ replaced }, index) => (replaced ? [index] : []));
    this.#chart.draw(samples.map(this.#pick), max, marks);
  }
}

/** One slot of the cluster and the worker in it. */
export class WorkerCard {
  readonly slot: number;
  readonly element: HTMLElement;
  readonly history = new WorkerHistory();
  worker: WorkerView | undefined;
  state = 'starting';
  readonly #title = h('h3');
  readonly #state = h('span.state');
  readonly #process = h('p.process.muted');
  readonly #rate = new Gauge(
    'Requests',
    (sample) => sample.rate,
    (rate) => ({ text: String(rate), unit: '/s' }),
  );
  readonly #delay = new Gauge('Loop delay, p99', (sample) => sample.delayMs, ms);
  readonly #utilization = new Gauge('Loop utilization', (sample) => sample.utilization, percent);
  readonly #heap = new Gauge('Heap', (sample) => sample.heapBytes, bytes);
  readonly #counts = h('span');
  readonly #lastEvent = h('span.last-event');
  #goneAt: number | undefined;

  constructor(slot: number) {
    this.slot = slot;
    const gauges = [this.#rate, this.#delay, this.#utilization, this.#heap].map(({ element }) => element);
    this.element = h(
      'article.worker.card',
      { 'data-slot': slot },
      h('header.worker-head', this.#title, this.#state, this.#process),
      h('dl.gauges', ...gauges),
      h('footer.worker-foot', this.#counts, this.#lastEvent),
    );
  }

  /** @param candidates the workers of this slot: during a reload there are two */
  update(candidates: readonly WorkerView[], { at }: LiveView, now: number): void {
    const [best] = [...candidates].sort((one, other) => rank(other) - rank(one));
    if (this.worker !== undefined && !candidates.some(({ id }) => id === this.worker?.id)) {
      this.#goneAt ??= now;
    }
    const showGone = this.#goneAt !== undefined && now - this.#goneAt < SHOW_GONE_MS;
    if (showGone || best === undefined) {
      this.state = 'gone';
      this.history.add(undefined, at);
      return;
    }
    this.#goneAt = undefined;
    this.worker = best;
    this.state = stateOf(best);
    this.history.add(best, at);
  }

  draw(scales: Scales, lastEvent: string): void {
    const { worker, state } = this;
    const { samples } = this.history;
    if (worker === undefined) return;
    setData(this.element, 'state', state);
    setData(this.element, 'worker', String(worker.id));
    setData(this.#state, 'state', state);
    setText(this.#state, describeState(state, worker));
    setText(this.#title, `Worker ${worker.id}`);
    setText(this.#process, `pid ${worker.pid}${state === 'gone' ? '' : ` · up ${duration(worker.ageS)}`}`);
    this.#rate.draw(samples, scales.rate);
    this.#delay.draw(samples, scales.delayMs);
    this.#utilization.draw(samples, 1);
    this.#heap.draw(samples, scales.heapBytes);
    const { requests } = worker.report ?? {};
    const counts = [
      requests === undefined ? '' : `${digits(requests.inFlight)} in flight`,
      worker.restarts === 0 ? '' : `replaced ${worker.restarts}×`,
    ];
    setText(this.#counts, counts.filter(Boolean).join(' · '));
    setText(this.#lastEvent, lastEvent);
    this.#lastEvent.title = lastEvent;
  }
}

/** The worker's own state, unless it is ready and sends no heartbeats or cannot reach what it depends on. */
function stateOf({ state, silentMs, report }: WorkerView): string {
  if (state !== 'ready') return state;
  if (silentMs > SILENT_MS) return 'silent';
  return report?.failing.length ? 'unavailable' : state;
}

function describeState(state: string, { silentMs, report }: WorkerView): string {
  if (state === 'silent') return `silent for ${duration(silentMs / 1000)}`;
  if (state === 'unavailable') return `no ${report?.failing.join(', ')}`;
  return state;
}

/** Of the workers in one slot, the ready one is shown; if none is ready, the newest. */
function rank({ id, state }: WorkerView): number {
  return id + (state === 'ready' ? 1e6 : 0);
}

/** A figure of constant width: it changes every second. */
function oneDecimal({ text, unit }: Figure): Figure {
  const number = Number(text.replaceAll(',', ''));
  return { text: number >= 100 ? digits(Math.round(number)) : number.toFixed(1), unit };
}
