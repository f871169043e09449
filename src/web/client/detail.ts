import { Aftermath } from './aftermath.ts';
import { showOutcome } from './answer.ts';
import { Arrival } from './arrival.ts';
import { shortPath, type Catalogue, type Entry } from './catalogue.ts';
import type { Cluster } from './cluster.ts';
import { showPair } from './compare.ts';
import { confirmDanger } from './confirm.ts';
import { copyButton } from './copy.ts';
import { h, say } from './dom.ts';
import { firstDraft, toLink, type Draft } from './draft.ts';
import { exchange, isEvidence, type Outcome } from './exchange.ts';
import { createForm } from './form.ts';
import { ms, plain } from './format.ts';
import { prepare, type Prepared } from './request.ts';
import { Storm } from './storm.ts';

interface Contrast {
  readonly button: HTMLButtonElement;
  readonly entry: Entry;
  /** Values that make it another one. */
  readonly query: URLSearchParams;
}

interface Surroundings {
  readonly catalogue: Catalogue;
  readonly cluster: Cluster;
}

/** One demo's route: what it is for, its form, and what it answered. */
export class Detail {
  readonly element: HTMLElement;
  readonly #entry: Entry;
  readonly #around: Surroundings;
  #draft: Draft;
  #running: AbortController | undefined;
  #aftermath: Aftermath | undefined;
  readonly #form = h('form', { class: 'request', novalidate: false });
  readonly #curl = h('code', { tabindex: 0, role: 'group', 'aria-label': 'The line for a terminal' });
  readonly #run: HTMLButtonElement;
  readonly #cancel: HTMLButtonElement;
  readonly #others: readonly Contrast[];
  readonly #status = h('p', { class: 'status muted', role: 'status' });
  readonly #stage = h('div', { class: 'stage' });
  readonly #storm: Storm | undefined;

  constructor(entry: Entry, draft: Draft, around: Surroundings) {
    this.#entry = entry;
    this.#draft = draft;
    this.#around = around;
    const { route } = entry;
    this.#run = h(
      'button',
      { type: 'submit', class: route.danger ? 'button danger run' : 'button first run' },
      route.danger ? '▲ Run' : 'Run',
    );
    this.#cancel = h(
      'button',
      { type: 'button', class: 'button cancel', disabled: true, click: () => this.stop() },
      'Cancel',
    );
    this.#others = this.#makeContrasts();
    this.#storm = route.danger ? undefined : new Storm(() => this.#prepared());
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#runOne();
    });
    this.#fillForm();
    this.element = h(
      'div',
      {},
      this.#makeHead(),
      this.#form,
      this.#status,
      this.#stage,
      this.#storm?.element,
    );
  }

  /** Ends what runs: nobody looks at it any more. */
  stop(): void {
    this.#running?.abort();
    this.#storm?.stop();
    this.#aftermath?.end();
  }

  #makeHead(): HTMLElement {
    const { demo, route } = this.#entry;
    return h(
      'header',
      { class: 'head' },
      h('p', { class: 'eyebrow' }, demo.title, h('span', { class: 'mono' }, `${route.method} ${route.path}`)),
      h('h3', { class: 'title', tabindex: -1 }, route.summary),
      route.danger
        ? h(
            'p',
            { class: 'danger-note' },
            h('span', { 'aria-hidden': 'true' }, '▲ '),
            'Dangerous: it harms the worker that serves it.',
          )
        : undefined,
      route.teaches === undefined ? undefined : h('p', { class: 'teaches' }, route.teaches),
      route.media === undefined
        ? undefined
        : h('p', { class: 'meaning' }, `Gives ${route.media.mediaType}: ${route.media.description}.`),
      demo.description === undefined
        ? undefined
        : h(
            'details',
            { class: 'source about-demo' },
            h('summary', {}, 'About this demo, and what to look for'),
            h('p', { class: 'teaches' }, demo.description),
            demo.practices.length === 0
              ? undefined
              : h('p', { class: 'meaning' }, `Node.js best practices: ${demo.practices.join(', ')}`),
          ),
    );
  }

  #fillForm(): void {
    const { route } = this.#entry;
    const examples = route.examples.map((example) =>
      h(
        'button',
        {
          type: 'button',
          class: 'button small',
          click: () => {
            this.#draft = firstDraft(route, example);
            this.#fillForm();
            this.#onChange();
          },
        },
        example.title,
      ),
    );
    this.#form.replaceChildren(
      ...(examples.length > 1
        ? [h('div', { class: 'row examples', role: 'group', 'aria-label': 'Examples' }, ...examples)]
        : []),
      createForm(route, this.#draft, () => this.#onChange()),
      h(
        'div',
        { class: 'row actions' },
        this.#run,
        this.#cancel,
        this.#others.length === 0
          ? ''
          : h('span', { class: 'with muted', id: 'with-contrast' }, 'Run with its contrast'),
        ...this.#others.map(({ button }) => button),
      ),
      h(
        'div',
        { class: 'curl' },
        h('span', { 'aria-hidden': 'true' }, '$'),
        this.#curl,
        copyButton(() => this.#curl.textContent, 'Copy the line'),
      ),
    );
    this.#describe();
  }

  #makeContrasts(): Contrast[] {
    return this.#entry.route.contrasts.flatMap((path) => {
      const found = this.#around.catalogue.match(path);
      if (found === undefined) return [];
      const { entry, query } = found;
      const id = `contrast-${path.replace(/\W+/g, '-')}`;
      const attributes = {
        type: 'button',
        class: 'button contrast',
        id,
        'aria-labelledby': `with-contrast ${id}`,
      };
      const name = nameOf(entry, query, entry.demo !== this.#entry.demo);
      const button = h('button', { ...attributes, click: () => void this.#runPair(entry, query) }, name);
      return [{ button, entry, query }];
    });
  }

  #onChange(): void {
    this.#describe();
    history.replaceState(null, '', toLink(this.#entry.key, this.#entry.route, this.#draft));
  }

  #describe(): void {
    // What is asked already is no contrast to itself.
    for (const { button, entry, query } of this.#others) {
      const same = [...query].every(([name, value]) => this.#draft.query[name] === value);
      button.hidden = entry === this.#entry && same;
    }
    say(this.#curl, prepare(this.#entry.route, this.#draft).curl);
  }

  #prepared(): Prepared | undefined {
    return this.#form.reportValidity() ? prepare(this.#entry.route, this.#draft) : undefined;
  }

  async #runOne(): Promise<void> {
    const request = this.#prepared();
    const { route } = this.#entry;
    if (request === undefined || this.#running !== undefined) return;
    if (route.danger && !(await confirmDanger(route.summary))) return;
    await this.#perform(async (signal) => {
      if (route.danger) this.#aftermath = new Aftermath(this.#around.cluster);
      const outcome = await this.#ask(request, signal, 'Running');
      this.#stage.replaceChildren(showOutcome(outcome, route));
      if (this.#aftermath !== undefined) {
        const worker = isEvidence(outcome.json) ? outcome.json.ranOn.worker : 0;
        if (worker !== 0) this.#aftermath.about(worker);
        this.#stage.firstElementChild?.append(this.#aftermath.element);
      }
      return outcome;
    });
  }

  /** First the one, then the other: at the same time they would measure each other. */
  async #runPair(other: Entry, query: URLSearchParams): Promise<void> {
    const own = { ...this.#draft, form: this.#entry.route.evidence ? ('json' as const) : this.#draft.form };
    if (!this.#form.reportValidity() || this.#running !== undefined) return;
    const dangerous = this.#entry.route.danger || other.route.danger;
    if (dangerous && !(await confirmDanger(other.route.summary))) return;
    const draft = firstDraft(other.route);
    if (other.route.evidence) draft.form = 'json';
    // The same work: what both can be told, both are told.
    for (const [name, value] of Object.entries(this.#draft.query))
      if (name in draft.query) draft.query[name] = value;
    for (const [name, value] of Object.entries(this.#draft.params))
      if (name in draft.params) draft.params[name] = value;
    for (const [name, value] of query) draft.query[name] = value;
    await this.#perform(async (signal) => {
      const one = await this.#ask(
        prepare(this.#entry.route, own),
        signal,
        `Running ${shortPath(this.#entry)}`,
      );
      if (signal.aborted) return one;
      const second = await this.#ask(prepare(other.route, draft), signal, `Running ${shortPath(other)}`);
      const far = other.demo !== this.#entry.demo;
      const values = other === this.#entry ? [...query.keys()].map((key) => [key, own.query[key] ?? '']) : [];
      this.#stage.replaceChildren(
        showPair(
          { entry: this.#entry, outcome: one, name: nameOf(this.#entry, new URLSearchParams(values), far) },
          { entry: other, outcome: second, name: nameOf(other, query, far) },
        ),
      );
      return second;
    });
  }

  async #ask(request: Prepared, signal: AbortSignal, what: string): Promise<Outcome> {
    const arrival = new Arrival(what);
    this.#stage.prepend(arrival.element);
    this.#stage.classList.add('busy');
    const outcome = await exchange(request, signal, arrival.onProgress);
    arrival.end();
    this.#stage.classList.remove('busy');
    return outcome;
  }

  async #perform(work: (signal: AbortSignal) => Promise<Outcome>): Promise<void> {
    const controller = new AbortController();
    this.#running = controller;
    this.#setBusy(true);
    this.#aftermath?.end();
    this.#aftermath = undefined;
    say(this.#status, 'Running.');
    const outcome = await work(controller.signal);
    say(this.#status, describe(outcome));
    this.#running = undefined;
    this.#setBusy(false);
  }

  #setBusy(busy: boolean): void {
    for (const button of [this.#run, ...this.#others.map((other) => other.button)]) button.disabled = busy;
    this.#cancel.disabled = !busy;
    this.#stage.setAttribute('aria-busy', String(busy));
  }
}

/** What tells it from what it is compared with. */
function nameOf(entry: Entry, query: URLSearchParams, far: boolean): string {
  const path = far ? entry.route.path.replace(/^\/demos\//, '') : shortPath(entry);
  return query.size === 0 ? path : `${path}?${query.toString()}`;
}

function describe({ progress, totalMs, cancelled, failure }: Outcome): string {
  const after = plain(ms(Math.round(totalMs)));
  if (cancelled) return `Cancelled after ${after}.`;
  if (failure !== undefined) return `Failed after ${after}: ${failure}.`;
  return `${progress?.status ?? ''} after ${after}.`;
}
