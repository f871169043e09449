import type { Entry } from './catalogue.ts';
import { isSame, type Contrast } from './contrasts.ts';
import { copyButton } from './copy.ts';
import { h, say } from './dom.ts';
import { firstDraft, isWrongOnPurpose, toLink, type Draft } from './draft.ts';
import { createForm } from './form.ts';
import { prepare, type Prepared } from './request.ts';

interface Actions {
  run(request: Prepared): void;
  runWith(contrast: Contrast): void;
  cancel(): void;
}

/** The request in the making: examples, fields, what can be done with it, and its line for a terminal. */
export class RequestForm {
  readonly element = h('form', { class: 'request', novalidate: true });
  readonly #entry: Entry;
  readonly #curl = h('code', { tabindex: 0, role: 'group', 'aria-label': 'The line for a terminal' });
  readonly #run: HTMLButtonElement;
  readonly #anyway: HTMLButtonElement;
  readonly #cancel: HTMLButtonElement;
  readonly #contrasts: readonly { readonly contrast: Contrast; readonly button: HTMLButtonElement }[];
  #fields: HTMLElement;
  #draft: Draft;

  constructor(entry: Entry, draft: Draft, contrasts: readonly Contrast[], actions: Actions) {
    this.#entry = entry;
    this.#draft = draft;
    const { danger } = entry.route;
    const look = danger ? 'button danger run' : 'button first run';
    this.#run = h('button', { type: 'submit', class: look }, danger ? '▲ Run' : 'Run');
    this.#anyway = h(
      'button',
      { type: 'button', class: 'button anyway', click: () => actions.run(this.#prepare()) },
      'Send it anyway',
    );
    this.#cancel = h(
      'button',
      { type: 'button', class: 'button cancel', click: () => actions.cancel() },
      'Cancel',
    );
    this.#contrasts = contrasts.map((contrast, index) => ({
      contrast,
      button: makeContrastButton(contrast, index, () => actions.runWith(contrast)),
    }));
    this.element.addEventListener('submit', (event) => {
      event.preventDefault();
      const request = this.prepared();
      if (request !== undefined) actions.run(request);
    });
    this.#fields = h('div');
    this.element.append(...this.#makeParts());
    this.#fill();
    this.setBusy(false);
  }

  get draft(): Draft {
    return this.#draft;
  }

  /** @returns nothing where the form finds it wrong, and nobody meant that: then it says so, and offers to send it */
  prepared(): Prepared | undefined {
    const valid = isWrongOnPurpose(this.#entry.route, this.#draft) || this.element.reportValidity();
    this.#anyway.hidden = valid;
    return valid ? this.#prepare() : undefined;
  }

  setBusy(busy: boolean): void {
    for (const button of [this.#run, this.#anyway, ...this.#contrasts.map((one) => one.button)]) {
      button.disabled = busy;
    }
    this.#cancel.disabled = !busy;
  }

  #prepare(): Prepared {
    return prepare(this.#entry.route, this.#draft);
  }

  #makeParts(): HTMLElement[] {
    const { examples } = this.#entry.route;
    const buttons = examples.map((example) => {
      const click = () => this.#take(firstDraft(this.#entry.route, example));
      return h('button', { type: 'button', class: 'button small', click }, example.title);
    });
    const row = h('div', { class: 'row examples', role: 'group', 'aria-label': 'Examples' }, ...buttons);
    const actions = h(
      'div',
      { class: 'row actions' },
      this.#run,
      this.#cancel,
      this.#anyway,
      this.#contrasts.length > 0 &&
        h('span', { class: 'with muted', id: 'with-contrast' }, 'Run with its contrast'),
      ...this.#contrasts.map(({ button }) => button),
    );
    const line = h(
      'div',
      { class: 'curl' },
      h('span', { 'aria-hidden': 'true' }, '$'),
      this.#curl,
      copyButton(() => this.#curl.textContent, 'Copy the line'),
    );
    return [...(examples.length > 1 ? [row] : []), this.#fields, actions, line];
  }

  /** Begins anew with what an example asks. */
  #take(draft: Draft): void {
    this.#draft = draft;
    this.#fill();
    this.#onChange();
  }

  #fill(): void {
    const fields = createForm(this.#entry.route, this.#draft, () => this.#onChange());
    this.#fields.replaceWith(fields);
    this.#fields = fields;
    this.#describe();
  }

  #onChange(): void {
    this.#describe();
    history.replaceState(null, '', toLink(this.#entry.key, this.#entry.route, this.#draft));
  }

  #describe(): void {
    this.#anyway.hidden = true;
    for (const { contrast, button } of this.#contrasts) {
      button.hidden = isSame(this.#entry, this.#draft, contrast);
    }
    say(this.#curl, this.#prepare().curl);
  }
}

function makeContrastButton({ name }: Contrast, index: number, click: () => void): HTMLButtonElement {
  const id = `contrast-${index}`;
  return h(
    'button',
    { type: 'button', class: 'button contrast', id, 'aria-labelledby': `with-contrast ${id}`, click },
    name,
  );
}
