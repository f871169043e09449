import { h, setText } from '../dom/elements.ts';
import { digits, ms, toText } from '../dom/format.ts';
import type { Prepared } from '../request/prepared-request.ts';
import { LatencyChart } from './latency-chart.ts';
import type { Sample } from './sample.ts';
import { MAX_CONCURRENT, sendLoad } from './send-load.ts';

const RATES = [2, 5, 10, 20, 40];
const DURATIONS_S = [5, 10, 20];
const START = 'Start load burst';

/** A small load from this page on one route, with a limited rate, duration and concurrency. */
export class LoadBurst {
  readonly element: HTMLElement;
  readonly #prepare: () => Prepared | undefined;
  readonly #rate = select('Requests per second', RATES, 10);
  readonly #duration = select('Duration', DURATIONS_S, 10, ' s');
  readonly #button = h('button.button', { type: 'button' }, START);
  readonly #summary = h('p.load-summary', { role: 'status' });
  readonly #chartBox = h('div.load-chart-box');
  #running: AbortController | undefined;

  /** @param prepare returns the request to send; undefined if the form is invalid */
  constructor(prepare: () => Prepared | undefined) {
    this.#prepare = prepare;
    this.#button.addEventListener('click', () => {
      if (this.#running === undefined) void this.#run();
      else this.#running.abort();
    });
    this.element = h(
      'details.load-burst',
      h('summary', 'Try a load burst'),
      h(
        'p.meaning',
        `Repeats this request from this page, with at most ${MAX_CONCURRENT} requests in flight. Latency is measured from the time a request was due, so it includes the wait for a free connection.`,
      ),
      h('div.load-controls', this.#rate.element, this.#duration.element, this.#button),
      this.#chartBox,
      this.#summary,
    );
  }

  stop(): void {
    this.#running?.abort();
  }

  async #run(): Promise<void> {
    const request = this.#prepare();
    if (request === undefined) return;
    const controller = new AbortController();
    this.#running = controller;
    setText(this.#button, 'Stop load burst');
    // Screen readers announce the summary when it is final: it changes many times per second.
    this.#summary.setAttribute('aria-busy', 'true');
    const load = { rate: this.#rate.value(), durationMs: this.#duration.value() * 1000 };
    const chart = new LatencyChart(this.#chartBox.clientWidth, load.durationMs);
    this.#chartBox.replaceChildren(chart.element);
    const samples: Sample[] = [];
    const timer = setInterval(() => this.#show(chart, samples), 120);
    const unsent = await sendLoad(request, load, controller.signal, (sample) => samples.push(sample));
    clearInterval(timer);
    this.#summary.removeAttribute('aria-busy');
    this.#show(chart, samples, unsent);
    this.#running = undefined;
    setText(this.#button, START);
  }

  /** @param unsent the requests that were due and not sent, when that is known */
  #show(chart: LatencyChart, samples: readonly Sample[], unsent = 0): void {
    chart.draw({ samples });
    const answered = samples.filter(({ outcome }) => outcome === 'answered');
    const latencies = answered.map(({ tookMs }) => tookMs);
    const waits = answered.map(({ waitedMs }) => waitedMs);
    const count = (outcome: Sample['outcome']) =>
      digits(samples.filter((sample) => sample.outcome === outcome).length);
    const parts = [
      `● ${count('answered')} answered`,
      `□ ${count('shed')} shed`,
      `× ${count('failed')} failed`,
      ...(unsent > 0 ? [`${digits(unsent)} not sent: all ${MAX_CONCURRENT} connections were busy`] : []),
      ...(latencies.length === 0
        ? []
        : [
            `p50 ${percentile(latencies, 0.5)}`,
            `p99 ${percentile(latencies, 0.99)}`,
            `waited in this page: p99 ${percentile(waits, 0.99)}`,
          ]),
    ];
    setText(this.#summary, parts.join(' · '));
  }
}

function percentile(values: readonly number[], share: number): string {
  const sorted = [...values].sort((one, other) => one - other);
  return toText(ms(Math.round((sorted[Math.ceil(share * sorted.length) - 1] ?? 0) * 10) / 10));
}

function select(label: string, values: readonly number[], initial: number, unit = '') {
  const id = `load-${label.toLowerCase().replaceAll(' ', '-')}`;
  const input = h('select', { id });
  input.append(
    ...values.map((value) => new Option(`${value}${unit}`, String(value), false, value === initial)),
  );
  return {
    element: h('div.field', h('label', { for: id }, label), input),
    value: () => Number(input.value),
  };
}
