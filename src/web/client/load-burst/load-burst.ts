import { h, setText } from '../dom/elements.ts';
import { digits, ms, toText } from '../dom/format.ts';
import type { Prepared } from '../request/prepared-request.ts';
import { sendRequest } from '../request/send-request.ts';
import { LoadBurstChart, type Sample } from './load-burst-chart.ts';

const RATES = [2, 5, 10, 20, 40];
const DURATIONS_S = [5, 10, 20];
/** Browsers open six connections per host, and the live stream uses one of them. */
const MAX_CONCURRENT = 4;
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
    const chart = new LoadBurstChart(this.#chartBox.clientWidth, load.durationMs);
    this.#chartBox.replaceChildren(chart.element);
    const samples: Sample[] = [];
    const timer = setInterval(() => this.#show(chart, samples), 120);
    await sendLoad(request, load, controller.signal, (sample) => samples.push(sample));
    clearInterval(timer);
    this.#summary.removeAttribute('aria-busy');
    this.#show(chart, samples);
    this.#running = undefined;
    setText(this.#button, START);
  }

  #show(chart: LoadBurstChart, samples: readonly Sample[]): void {
    chart.draw(samples);
    const latencies = samples.filter(({ outcome }) => outcome === 'answered').map(({ tookMs }) => tookMs);
    latencies.sort((one, other) => one - other);
    const percentile = (share: number) =>
      toText(ms(Math.round((latencies[Math.ceil(share * latencies.length) - 1] ?? 0) * 10) / 10));
    const count = (outcome: Sample['outcome']) =>
      digits(samples.filter((sample) => sample.outcome === outcome).length);
    const parts = [
      `● ${count('answered')} answered`,
      `□ ${count('shed')} shed`,
      `× ${count('failed')} failed`,
      ...(latencies.length === 0 ? [] : [`p50 ${percentile(0.5)}`, `p99 ${percentile(0.99)}`]),
    ];
    setText(this.#summary, parts.join(' · '));
  }
}

interface Load {
  readonly rate: number;
  readonly durationMs: number;
}

/** Sends requests when they are due, whether or not earlier ones have finished, up to `MAX_CONCURRENT`. */
async function sendLoad(
  request: Prepared,
  { rate, durationMs }: Load,
  signal: AbortSignal,
  onSample: (sample: Sample) => void,
): Promise<void> {
  const startedAt = performance.now();
  const total = Math.floor((rate * durationMs) / 1000);
  let next = 0;
  const isOver = () => signal.aborted || performance.now() - startedAt > durationMs * 2;
  const sendInTurn = async () => {
    while (next < total && !isOver()) {
      const due = startedAt + (next * 1000) / rate;
      next += 1;
      const wait = due - performance.now();
      if (wait > 0) await sleep(wait, signal);
      if (isOver()) return;
      const { progress, failure, canceled } = await sendRequest(request, signal);
      if (canceled) return;
      const status = progress?.status ?? 0;
      const shed = status === 503 || status === 429;
      const outcome = shed ? 'shed' : failure !== undefined || status >= 500 ? 'failed' : 'answered';
      onSample({ atMs: due - startedAt, tookMs: performance.now() - due, outcome });
    }
  };
  await Promise.all(Array.from({ length: MAX_CONCURRENT }, sendInTurn));
}

/** Ends early when the signal aborts. */
function sleep(ms: number, signal: AbortSignal): Promise<unknown> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
    signal.addEventListener('abort', resolve, { once: true });
  });
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
