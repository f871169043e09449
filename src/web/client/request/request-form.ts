import type { Entry } from '../demos/catalog.ts';
import { isSame, type Contrast } from '../demos/contrasts.ts';
import { copyButton } from '../dom/copy-button.ts';
import { h, setText } from '../dom/elements.ts';
import { toLink } from './draft-link.ts';
import { firstDraft, isInvalidOnPurpose, type Draft } from './draft.ts';
import { pageOrigin } from './page-origin.ts';
import { prepare, type Prepared } from './prepared-request.ts';
import { createFields } from './request-fields.ts';

interface Actions {
  run(request: Prepared): void;
  compare(contrast: Contrast): void;
  cancel(): void;
}

/** The form of a request: its examples, fields, buttons and curl command. */
export class RequestForm {
  readonly element = h('form.request', { novalidate: true });
  readonly #entry: Entry;
  readonly #curl = h('code', { tabindex: 0, role: 'group', 'aria-label': 'The curl command' });
  readonly #run: HTMLButtonElement;
  readonly #sendAnyway: HTMLButtonElement;
  readonly #cancel: HTMLButtonElement;
  readonly #contrasts: readonly { readonly contrast: Contrast; readonly button: HTMLButtonElement }[];
  #fields: HTMLElement;
  #draft: Draft;

  constructor(entry: Entry, draft: Draft, contrasts: readonly Contrast[], actions: Actions) {
    this.#entry = entry;
    this.#draft = draft;
    const { danger } = entry.route;
    const style = danger ? 'button danger run' : 'button primary run';
    this.#run = h(
      'button',
      { type: 'submit', class: style, 'aria-keyshortcuts': 'Control+Enter', title: 'Ctrl+Enter' },
      danger ? '▲ Run' : 'Run',
    );
    this.#sendAnyway = h(
      'button.button.send-anyway',
      { type: 'button', click: () => actions.run(this.#prepare()) },
      'Send anyway',
    );
    this.#cancel = h('button.button.cancel', { type: 'button', click: () => actions.cancel() }, 'Cancel');
    this.#contrasts = contrasts.map((contrast, index) => ({
      contrast,
      button: createContrastButton(contrast, index, () => actions.compare(contrast)),
    }));
    this.element.addEventListener('submit', (event) => {
      event.preventDefault();
      const request = this.prepared();
      if (request !== undefined) actions.run(request);
    });
    this.#fields = h('div');
    this.element.append(...this.#createParts());
    this.#fill();
    this.setBusy(false);
  }

  get draft(): Draft {
    return this.#draft;
  }

  /** @returns undefined if the input is invalid, though not on purpose; then the form shows why and offers to send it */
  prepared(): Prepared | undefined {
    const valid = isInvalidOnPurpose(this.#entry.route, this.#draft) || this.element.reportValidity();
    this.#sendAnyway.hidden = valid;
    return valid ? this.#prepare() : undefined;
  }

  submit(): void {
    this.element.requestSubmit(this.#run);
  }

  /** Not the `disabled` property: a disabled button loses the focus, and with it the place of a keyboard's user. */
  setBusy(busy: boolean): void {
    for (const button of [this.#run, this.#sendAnyway, ...this.#contrasts.map((one) => one.button)]) {
      button.setAttribute('aria-disabled', String(busy));
    }
    this.#cancel.setAttribute('aria-disabled', String(!busy));
  }

  #prepare(): Prepared {
    return prepare(this.#entry, this.#draft, pageOrigin, (params) => {
      for (const [name, value] of Object.entries(params)) {
        const input = this.#fields.querySelector<HTMLInputElement>(`input[name="${name}"]`);
        if (input !== null) input.value = value;
      }
    });
  }

  #createParts(): HTMLElement[] {
    const { examples } = this.#entry.route;
    const buttons = examples.map((example) => {
      const click = () => this.#useDraft(firstDraft(this.#entry.route, example));
      return h('button.button.small', { type: 'button', click }, example.title);
    });
    const row = h('div.row.examples', { role: 'group', 'aria-label': 'Examples' }, ...buttons);
    const actions = h('div.row.actions', this.#run, this.#cancel, this.#sendAnyway);
    const compare = h(
      'div.row.compare',
      h('span.muted', { id: 'compare-with' }, 'Compare with'),
      ...this.#contrasts.map(({ button }) => button),
    );
    const command = h(
      'div.curl',
      h('span', { 'aria-hidden': 'true' }, '$'),
      this.#curl,
      copyButton(() => this.#curl.textContent, 'Copy the command'),
    );
    return [
      ...(examples.length > 1 ? [row] : []),
      this.#fields,
      actions,
      ...(this.#contrasts.length > 0 ? [compare] : []),
      command,
    ];
  }

  #useDraft(draft: Draft): void {
    this.#draft = draft;
    this.#fill();
    this.#onChange();
  }

  #fill(): void {
    const fields = createFields(this.#entry.route, this.#draft, () => this.#onChange());
    this.#fields.replaceWith(fields);
    this.#fields = fields;
    this.#describe();
  }

  #onChange(): void {
    this.#describe();
    history.replaceState(null, '', toLink(this.#entry.key, this.#entry.route, this.#draft));
  }

  #describe(): void {
    this.#sendAnyway.hidden = true;
    for (const { contrast, button } of this.#contrasts) {
      button.hidden = isSame(this.#entry, this.#draft, contrast);
    }
    setText(this.#curl, this.#prepare().curl);
  }
}

function createContrastButton({ name }: Contrast, index: number, click: () => void): HTMLButtonElement {
  const id = `contrast-${index}`;
  return h(
    'button.button.contrast',
    { type: 'button', id, 'aria-labelledby': `compare-with ${id}`, click },
    name,
  );
}
