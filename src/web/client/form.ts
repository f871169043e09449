import { METHODS, type Draft, type Form } from './draft.ts';
import { h } from './dom.ts';
import { asText, digits, words } from './format.ts';
import type { JsonSchema, PageRoute } from './shapes.ts';

/** The most choices that are shown side by side. */
const MAX_SEGMENTS = 5;
let counter = 0;

/** The fields of a request, made from the schemas that check it. Every change goes into the draft and is told. */
export function createForm(route: PageRoute, draft: Draft, onChange: () => void): HTMLElement {
  const fields: HTMLElement[] = [];
  if (route.method === 'ALL') {
    fields.push(choice('Method', METHODS, draft.method, '', (value) => (draft.method = value), onChange));
  }
  const add = (schema: JsonSchema | undefined, values: Record<string, string>, required: boolean) => {
    for (const [name, property] of Object.entries(schema?.properties ?? {})) {
      if (!(name in values)) continue;
      const must = required || schema?.required?.includes(name) === true;
      fields.push(
        field(name, property, values[name] ?? '', must, (value) => (values[name] = value), onChange),
      );
    }
  };
  add(route.params, draft.params, true);
  add(route.query, draft.query, false);
  if (draft.body !== undefined) {
    const body = textField('JSON body', draft.body, (value) => (draft.body = value), onChange);
    fields.push(body);
  }
  if (draft.upload !== undefined) fields.push(...uploadFields(route, draft, onChange));
  const forms = formsOf(route);
  if (forms.length > 1) {
    const labels = forms.map((form) => formNames[form]);
    fields.push(
      choice(
        'Answer',
        labels,
        formNames[draft.form],
        '',
        (label) => {
          draft.form = forms[labels.indexOf(label)] ?? 'json';
        },
        onChange,
      ),
    );
  }
  return h('div', { class: 'fields' }, ...fields);
}

const formNames: Readonly<Record<Form, string>> = {
  json: 'evidence',
  text: 'text',
  raw: 'raw',
};

function formsOf(route: PageRoute): readonly Form[] {
  if (!route.evidence) return ['raw'];
  return route.media === undefined ? ['json', 'text'] : ['json', 'text', 'raw'];
}

type Take = (value: string) => unknown;

function field(
  name: string,
  schema: JsonSchema,
  value: string,
  required: boolean,
  take: Take,
  onChange: () => void,
): HTMLElement {
  const options = schema.enum ?? (schema.type === 'boolean' ? ['true', 'false'] : undefined);
  const label = schema.description ?? words(name);
  if (options !== undefined) {
    const choices = options.map(String);
    return choice(
      label,
      schema.default === undefined && !required ? ['', ...choices] : choices,
      value,
      name,
      take,
      onChange,
    );
  }
  const id = `field-${(counter += 1)}`;
  const numeric = schema.type === 'integer' || schema.type === 'number';
  const bounds = describeBounds(schema, numeric);
  const input = h('input', {
    id,
    name,
    type: numeric ? 'number' : 'text',
    step: numeric ? (schema.type === 'integer' ? 1 : 'any') : undefined,
    min: schema.minimum,
    max: schema.maximum,
    minlength: schema.minLength,
    maxlength: schema.maxLength,
    pattern: numeric ? undefined : htmlPattern(schema.pattern),
    required,
    autocomplete: 'off',
    spellcheck: 'false',
    'aria-describedby': `${id}-hint`,
    input: () => {
      take(input.value);
      onChange();
    },
  });
  input.value = value;
  return h(
    'div',
    { class: 'field' },
    h('label', { for: id }, label),
    input,
    h('p', { class: 'hint', id: `${id}-hint` }, h('code', {}, name), bounds === '' ? '' : ` · ${bounds}`),
  );
}

function describeBounds({ minimum, maximum, default: usual }: JsonSchema, numeric: boolean): string {
  const bounded = numeric && minimum !== undefined && maximum !== undefined;
  const bounds = bounded ? `${digits(minimum)} to ${digits(maximum)}` : '';
  const normally =
    typeof usual === 'number'
      ? `normally ${digits(usual)}`
      : usual === undefined
        ? ''
        : `normally ${asText(usual)}`;
  return [bounds, normally].filter(Boolean).join(', ');
}

/** A pattern only where this browser can use it: with the v flag some characters need escaping. */
function htmlPattern(pattern: string | undefined): string | undefined {
  if (pattern === undefined) return undefined;
  try {
    new RegExp(pattern, 'v');
    return pattern.replace(/^\^|\$$/g, '');
  } catch {
    return undefined;
  }
}

function choice(
  label: string,
  options: readonly string[],
  value: string,
  name: string,
  take: Take,
  onChange: () => void,
): HTMLElement {
  counter += 1;
  const group = `choice-${counter}`;
  const hint = name === '' ? undefined : h('p', { class: 'hint' }, h('code', {}, name));
  const change = (option: string) => {
    take(option);
    onChange();
  };
  if (options.length > MAX_SEGMENTS || options.join('').length > 44) {
    const select = h('select', { id: group, change: () => change(select.value) });
    select.append(
      ...options.map(
        (option) => new Option(option === '' ? 'not said' : option, option, false, option === value),
      ),
    );
    return h('div', { class: 'field' }, h('label', { for: group }, label), select, hint);
  }
  const segments = options.map((option) => {
    const radio = h('input', { type: 'radio', name: group, value: option, change: () => change(option) });
    radio.checked = option === value;
    return h('label', {}, radio, h('span', {}, option === '' ? 'not said' : option));
  });
  return h(
    'div',
    { class: 'field', role: 'radiogroup', 'aria-labelledby': `${group}-label` },
    h('p', { class: 'label', id: `${group}-label` }, label),
    h('div', { class: 'segments' }, ...segments),
    hint,
  );
}

function textField(label: string, value: string, take: Take, onChange: () => void): HTMLElement {
  const id = `field-${(counter += 1)}`;
  const area = h('textarea', {
    id,
    rows: Math.min(10, value.split('\n').length + 1),
    spellcheck: 'false',
    input: () => {
      take(area.value);
      onChange();
    },
  });
  area.value = value;
  return h('div', { class: 'field wide' }, h('label', { for: id }, label), area);
}

const MAX_UPLOAD_BYTES = 200_000_000;

/** A stream to send: so many zeros where a number is typed, else the text. */
function uploadFields(route: PageRoute, draft: Draft, onChange: () => void): HTMLElement[] {
  const kinds = ['zeros', 'a text'];
  const size = typeof draft.upload === 'number' ? draft.upload : 1_000_000;
  const text = typeof draft.upload === 'string' ? draft.upload : 'hello';
  const zeros = field(
    'bytes to send',
    {
      type: 'integer',
      minimum: 0,
      maximum: MAX_UPLOAD_BYTES,
      description: route.stream?.description ?? 'Body',
    },
    String(size),
    true,
    (value) => (draft.upload = Math.min(MAX_UPLOAD_BYTES, Math.max(0, Number(value)))),
    onChange,
  );
  const typed = textField('Text to send', text, (value) => (draft.upload = value), onChange);
  const show = () => {
    zeros.hidden = typeof draft.upload !== 'number';
    typed.hidden = typeof draft.upload === 'number';
  };
  const kind = choice(
    'Body',
    kinds,
    typeof draft.upload === 'number' ? 'zeros' : 'a text',
    '',
    (value) => {
      draft.upload = value === 'zeros' ? size : text;
      show();
    },
    onChange,
  );
  show();
  return [kind, zeros, typed];
}
