import { h, say } from './dom.ts';
import { exchange } from './exchange.ts';
import { digits, ms, plain } from './format.ts';
import type { Prepared } from './request.ts';
import { StormChart, type Dot } from './storm-chart.ts';

const RATES = [2, 5, 10, 20, 40];
const LENGTHS_S = [5, 10, 20];
/** A browser opens six connections to one host, and the live stream has one of them. */
const MAX_AT_ONCE = 4;

/** A small load from this page at one demo: bounded in rate, length and requests at once. */
export class Storm {
  readonly element: HTMLElement;
  readonly #prepare: () => Prepared | undefined;
  readonly #rate = select('Requests a second', RATES, 10);
  readonly #length = select('For', LENGTHS_S, 10, ' s');
  readonly #button = h('button', { type: 'button', class: 'button' }, 'Start the storm');
  readonly #summary = h('p', { class: 'storm-summary', role: 'status' });
  readonly #stage = h('div', { class: 'storm-stage' });
  #running: AbortController | undefined;

  /** @param prepareRequest the request to make; undefined where the form is not valid */
  constructor(prepareRequest: () => Prepared | undefined) {
    this.#prepare = prepareRequest;
    this.#button.addEventListener('click', () => {
      if (this.#running === undefined) void this.#run();
      else this.#running.abort();
    });
    this.element = h(
      'details',
      { class: 'storm' },
      h('summary', {}, 'Try a storm'),
      h(
        'p',
        { class: 'meaning' },
        `This request again and again from this page, at most ${MAX_AT_ONCE} at once. A latency counts from the moment a request was due, so waiting for a free place counts as well.`,
      ),
      h('div', { class: 'storm-controls' }, this.#rate.element, this.#length.element, this.#button),
      this.#stage,
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
    say(this.#button, 'Stop the storm');
    // Told when it is over: the figures change many times a second.
    this.#summary.setAttribute('aria-busy', 'true');
    const [rate, lengthMs] = [this.#rate.value(), this.#length.value() * 1000];
    const chart = new StormChart(this.#stage.clientWidth, lengthMs);
    this.#stage.replaceChildren(chart.element);
    const dots: Dot[] = [];
    const frames = setInterval(() => this.#show(chart, dots), 120);
    await blow(request, { rate, lengthMs, signal: controller.signal }, (dot) => dots.push(dot));
    clearInterval(frames);
    this.#summary.removeAttribute('aria-busy');
    this.#show(chart, dots);
    this.#running = undefined;
    say(this.#button, 'Start the storm');
  }

  #show(chart: StormChart, dots: readonly Dot[]): void {
    chart.draw(dots);
    const took = dots.filter(({ outcome }) => outcome === 'answered').map(({ tookMs }) => tookMs);
    took.sort((one, other) => one - other);
    const at = (share: number) =>
      plain(ms(Math.round((took[Math.ceil(share * took.length) - 1] ?? 0) * 10) / 10));
    const count = (outcome: Dot['outcome']) => dots.filter((dot) => dot.outcome === outcome).length;
    const parts = [
      `● ${digits(count('answered'))} answered`,
      `□ ${digits(count('shed'))} shed`,
      `× ${digits(count('failed'))} failed`,
      ...(took.length === 0 ? [] : [`half within ${at(0.5)}`, `99 % within ${at(0.99)}`]),
    ];
    say(this.#summary, parts.join(' · '));
  }
}

interface Weather {
  readonly rate: number;
  readonly lengthMs: number;
  readonly signal: AbortSignal;
}

function sleep(ms: number, signal: AbortSignal): Promise<unknown> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
    signal.addEventListener('abort', resolve, { once: true });
  });
}

/** Makes requests when they are due, whether or not earlier ones are answered, as far as there are places. */
async function blow(
  request: Prepared,
  { rate, lengthMs, signal }: Weather,
  onDot: (dot: Dot) => void,
): Promise<void> {
  const startedAt = performance.now();
  const total = Math.floor((rate * lengthMs) / 1000);
  let next = 0;
  const over = () => signal.aborted || performance.now() - startedAt > lengthMs * 2;
  const place = async () => {
    while (next < total && !over()) {
      const due = startedAt + (next * 1000) / rate;
      next += 1;
      const wait = due - performance.now();
      if (wait > 0) await sleep(wait, signal);
      if (over()) return;
      const { progress, failure, cancelled } = await exchange(request, signal);
      if (cancelled) return;
      const status = progress?.status ?? 0;
      const outcome =
        status === 503 || status === 429
          ? 'shed'
          : failure !== undefined || status >= 500
            ? 'failed'
            : 'answered';
      onDot({ atMs: due - startedAt, tookMs: performance.now() - due, outcome });
    }
  };
  await Promise.all(Array.from({ length: MAX_AT_ONCE }, place));
}

function select(label: string, values: readonly number[], usual: number, unit = '') {
  const id = `storm-${label.toLowerCase().replaceAll(' ', '-')}`;
  const input = h('select', { id });
  input.append(
    ...values.map((value) => new Option(`${value}${unit}`, String(value), false, value === usual)),
  );
  return {
    element: h('div', { class: 'field' }, h('label', { for: id }, label), input),
    value: () => Number(input.value),
  };
}
