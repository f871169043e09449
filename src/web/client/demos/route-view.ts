import type { ClusterPanel } from '../cluster/cluster-panel.ts';
import { WorkerOutcome } from '../cluster/worker-outcome.ts';
import { h } from '../dom/elements.ts';
import { LoadBurst } from '../load-burst/load-burst.ts';
import type { Draft } from '../request/draft.ts';
import { pageOrigin } from '../request/page-origin.ts';
import { prepare, type Prepared } from '../request/prepared-request.ts';
import { RequestForm } from '../request/request-form.ts';
import { createComparison } from '../response/comparison.ts';
import { isEvidence } from '../response/evidence.ts';
import { createResponseView } from '../response/response-view.ts';
import { RunPanel } from '../response/run-panel.ts';
import { shortPath, type Catalog, type Entry } from './catalog.ts';
import { confirmDanger } from './confirm-danger.ts';
import { contrastsOf, draftOf, type Contrast } from './contrasts.ts';
import { RunHistory } from './run-history.ts';
import { createRouteFooter, createRouteHeader } from './route-header.ts';

interface Dependencies {
  readonly catalog: Catalog;
  readonly cluster: ClusterPanel;
}

/** One route: its header, its form, and the responses of its runs. */
export class RouteView {
  readonly element: HTMLElement;
  readonly #entry: Entry;
  readonly #cluster: ClusterPanel;
  readonly #form: RequestForm;
  readonly #panel = new RunPanel((busy) => this.#form.setBusy(busy));
  readonly #burst: LoadBurst | undefined;
  readonly #history: RunHistory;
  #workerOutcome: WorkerOutcome | undefined;

  constructor(entry: Entry, draft: Draft, { catalog, cluster }: Dependencies) {
    this.#entry = entry;
    this.#cluster = cluster;
    this.#form = new RequestForm(entry, draft, contrastsOf(entry, catalog), {
      run: (request) => void this.#runOne(request),
      compare: (contrast) => void this.#runBoth(contrast),
      cancel: () => this.stop(),
    });
    this.#history = new RunHistory({
      entry,
      render: (outcome) => createResponseView(outcome, entry.route),
      show: (view) => this.#panel.show(view),
    });
    this.#burst = entry.route.danger ? undefined : new LoadBurst(() => this.#form.prepared());
    this.element = h(
      'div.workbench',
      h('div.ask', createRouteHeader(entry), this.#form.element),
      h(
        'section.answer',
        { 'aria-label': 'Response' },
        this.#panel.status,
        this.#history.element,
        this.#panel.element,
        this.#burst?.element,
      ),
      createRouteFooter(entry),
    );
    this.element.addEventListener('keydown', (event) => this.#onKey(event));
  }

  /** Ctrl+Enter or ⌘+Enter runs from any field; Escape cancels. */
  #onKey(event: KeyboardEvent): void {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      this.#form.submit();
    } else if (event.key === 'Escape' && this.#panel.busy) this.#panel.stop();
  }

  /** Cancels what is running. */
  stop(): void {
    this.#panel.stop();
    this.#burst?.stop();
    this.#workerOutcome?.stop();
  }

  async #runOne(request: Prepared): Promise<void> {
    const { route } = this.#entry;
    if (this.#panel.busy || (route.danger && !(await confirmDanger(this.#entry)))) return;
    const workerOutcome = this.#watchWorkers(route.danger);
    await this.#panel.run(async (send) => {
      const outcome = await send(request, 'Running');
      const response = createResponseView(
        outcome,
        route,
        () => void this.#runOne({ ...request, follow: true }),
      );
      if (workerOutcome !== undefined) {
        const worker = isEvidence(outcome.json) ? outcome.json.ranOn.worker : 0;
        if (worker !== 0) workerOutcome.setWorker(worker);
        // Before the figures: what happens to the worker is the point of a dangerous demo.
        (response.querySelector('.lesson') ?? response.firstElementChild)?.after(workerOutcome.element);
      }
      this.#panel.show(response);
      if (!outcome.canceled) this.#history.add(request, outcome);
      return outcome;
    });
  }

  /** Runs one after the other: at the same time they would affect each other's measurements. */
  async #runBoth(contrast: Contrast): Promise<void> {
    const { route } = this.#entry;
    const { entry: other, name } = contrast;
    if (this.#panel.busy || this.#form.prepared() === undefined) return;
    const dangerous = [this.#entry, other].filter((one) => one.route.danger);
    for (const one of dangerous) if (!(await confirmDanger(one))) return;
    const workerOutcome = this.#watchWorkers(dangerous.length > 0);
    const { draft } = this.#form;
    const own: Draft = { ...draft, form: route.evidence ? 'json' : draft.form };
    await this.#panel.run(async (send, signal) => {
      const first = await send(prepare(this.#entry, own, pageOrigin), `Running ${shortPath(this.#entry)}`);
      if (signal.aborted) return first;
      const second = await send(
        prepare(other, draftOf(contrast, own), pageOrigin),
        `Running ${shortPath(other)}`,
      );
      const comparison = createComparison(
        { entry: this.#entry, outcome: first, name: contrast.ownName(own) },
        { entry: other, outcome: second, name },
      );
      if (workerOutcome !== undefined) comparison.prepend(workerOutcome.element);
      this.#panel.show(comparison);
      return second;
    });
  }

  /** Starts before the run: events may arrive before its response. */
  #watchWorkers(dangerous: boolean): WorkerOutcome | undefined {
    this.#workerOutcome?.stop();
    this.#workerOutcome = dangerous ? new WorkerOutcome(this.#cluster) : undefined;
    return this.#workerOutcome;
  }
}
