import { Aftermath } from './aftermath.ts';
import { showOutcome } from './answer.ts';
import { shortPath, type Catalogue, type Entry } from './catalogue.ts';
import type { Cluster } from './cluster.ts';
import { showPair } from './compare.ts';
import { confirmDanger } from './confirm.ts';
import { contrastsOf, draftOf, type Contrast } from './contrasts.ts';
import { h } from './dom.ts';
import type { Draft } from './draft.ts';
import { isEvidence } from './exchange.ts';
import { createHead } from './head.ts';
import { RequestForm } from './request-form.ts';
import { prepare, type Prepared } from './request.ts';
import { Stage } from './stage.ts';
import { Storm } from './storm.ts';

interface Surroundings {
  readonly catalogue: Catalogue;
  readonly cluster: Cluster;
}

/** One route: what it is for, its form, and what it answered. */
export class Detail {
  readonly element: HTMLElement;
  readonly #entry: Entry;
  readonly #cluster: Cluster;
  readonly #form: RequestForm;
  readonly #stage = new Stage((busy) => this.#form.setBusy(busy));
  readonly #storm: Storm | undefined;
  #aftermath: Aftermath | undefined;

  constructor(entry: Entry, draft: Draft, { catalogue, cluster }: Surroundings) {
    this.#entry = entry;
    this.#cluster = cluster;
    this.#form = new RequestForm(entry, draft, contrastsOf(entry, catalogue), {
      run: (request) => void this.#runOne(request),
      runWith: (contrast) => void this.#runPair(contrast),
      cancel: () => this.stop(),
    });
    this.#storm = entry.route.danger ? undefined : new Storm(() => this.#form.prepared());
    this.element = h(
      'div',
      {},
      createHead(entry),
      this.#form.element,
      this.#stage.status,
      this.#stage.element,
      this.#storm?.element,
    );
  }

  /** Ends what runs: nobody looks at it any more. */
  stop(): void {
    this.#stage.stop();
    this.#storm?.stop();
    this.#aftermath?.end();
  }

  async #runOne(request: Prepared): Promise<void> {
    const { route } = this.#entry;
    if (this.#stage.busy || (route.danger && !(await confirmDanger(route.summary)))) return;
    const aftermath = this.#watch(route.danger);
    await this.#stage.perform(async (ask) => {
      const outcome = await ask(request, 'Running');
      const shown = showOutcome(outcome, route);
      if (aftermath !== undefined) {
        const worker = isEvidence(outcome.json) ? outcome.json.ranOn.worker : 0;
        if (worker !== 0) aftermath.about(worker);
        // Before the figures: what becomes of the worker is what this is about.
        (shown.querySelector('.lesson') ?? shown.firstElementChild)?.after(aftermath.element);
      }
      this.#stage.show(shown);
      return outcome;
    });
  }

  /** First the one, then the other: at the same time they would measure each other. */
  async #runPair(contrast: Contrast): Promise<void> {
    const { route } = this.#entry;
    const { entry: other, name } = contrast;
    if (this.#stage.busy || this.#form.prepared() === undefined) return;
    const harmful = [route, other.route].find(({ danger }) => danger);
    if (harmful !== undefined && !(await confirmDanger(harmful.summary))) return;
    const aftermath = this.#watch(harmful !== undefined);
    const { draft } = this.#form;
    const own: Draft = { ...draft, form: route.evidence ? 'json' : draft.form };
    await this.#stage.perform(async (ask, signal) => {
      const first = await ask(prepare(route, own), `Running ${shortPath(this.#entry)}`);
      if (signal.aborted) return first;
      const second = await ask(prepare(other.route, draftOf(contrast, own)), `Running ${shortPath(other)}`);
      const pair = showPair(
        { entry: this.#entry, outcome: first, name: contrast.ownName(own) },
        { entry: other, outcome: second, name },
      );
      if (aftermath !== undefined) pair.prepend(aftermath.element);
      this.#stage.show(pair);
      return second;
    });
  }

  /** Watches from before the run, for what becomes of a worker may come before its answer. */
  #watch(harmful: boolean): Aftermath | undefined {
    this.#aftermath?.end();
    this.#aftermath = harmful ? new Aftermath(this.#cluster) : undefined;
    return this.#aftermath;
  }
}
