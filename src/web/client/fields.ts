import { h } from './dom.ts';
import { asText, digits, words } from './format.ts';
import type { JsonSchema } from './shapes.ts';

type Take = (value: string) => void;

interface FieldOptions {
  readonly name: string;
  readonly schema: JsonSchema;
  readonly value: string;
  readonly required?: boolean;
  /** What is to be known beside the bounds. */
  readonly note?: string;
  readonly take: Take;
}

interface ChoiceOptions {
  readonly label: string;
  readonly options: readonly string[];
  readonly value: string;
  /** What it is called in a request, where that is to be shown. */
  readonly name?: string;
  readonly take: Take;
}

/** The most choices that are shown side by side, and their characters together. */
const MAX_SEGMENTS = 5;
const MAX_SEGMENT_CHARACTERS = 44;
/** More than this does not fit into one column. */
const COLUMN_CHARACTERS = 18;
let counter = 0;

/** An input made from the schema that checks its value. A value that breaks the schema is shown, and is invalid. */
export function field(options: FieldOptions): HTMLElement {
  const { name, schema, value, required = false, take } = options;
  const choices = schema.enum ?? (schema.type === 'boolean' ? ['true', 'false'] : undefined);
  const label = schema.description ?? words(name);
  if (choices !== undefined) {
    const none = schema.default === undefined && !required ? [''] : [];
    return choice({ label, options: [...none, ...choices.map(String)], value, name, take });
  }
  const id = `field-${(counter += 1)}`;
  const numeric = schema.type === 'integer' || schema.type === 'number';
  // An input for numbers holds nothing else, and what is wrong on purpose must be seen.
  const isNumber = numeric && Number.isFinite(Number(value));
  const input = h('input', {
    id,
    name,
    type: isNumber ? 'number' : 'text',
    step: isNumber ? (schema.type === 'integer' ? 1 : 'any') : undefined,
    min: schema.minimum,
    max: schema.maximum,
    minlength: schema.minLength,
    maxlength: schema.maxLength,
    pattern: isNumber ? undefined : numeric ? '-?[0-9.]+' : htmlPattern(schema.pattern),
    required,
    autocomplete: 'off',
    spellcheck: 'false',
    'aria-describedby': `${id}-hint`,
    input: () => take(input.value),
  });
  input.value = value;
  const hint = [describeBounds(schema, numeric), options.note].filter(Boolean).join(', ');
  const between = label !== name && hint !== '' && ' · ';
  return h(
    'div',
    { class: 'field' },
    h('label', { for: id }, label),
    input,
    h('p', { class: 'hint', id: `${id}-hint` }, label !== name && h('code', {}, name), between, hint),
  );
}

function describeBounds({ minimum, maximum, default: usual }: JsonSchema, numeric: boolean): string {
  const bounded = numeric && minimum !== undefined && maximum !== undefined;
  const bounds = bounded ? `${digits(minimum)} to ${digits(maximum)}` : '';
  const normal = typeof usual === 'number' ? digits(usual) : asText(usual);
  return [bounds, normal === '' ? '' : `normally ${normal}`].filter(Boolean).join(', ');
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

/** One of a few words: side by side where they fit, else as a list. */
export function choice({ label, options, value, name, take }: ChoiceOptions): HTMLElement {
  const id = `choice-${(counter += 1)}`;
  const hint = name === undefined ? undefined : h('p', { class: 'hint' }, h('code', {}, name));
  const characters = options.join('').length;
  const fits = options.length <= MAX_SEGMENTS && characters <= MAX_SEGMENT_CHARACTERS;
  if (!fits || !options.includes(value)) {
    return h('div', { class: 'field' }, h('label', { for: id }, label), list(id, options, value, take), hint);
  }
  const segments = options.map((option) => {
    const radio = h('input', { type: 'radio', name: id, value: option, change: () => take(option) });
    radio.checked = option === value;
    return h('label', {}, radio, h('span', {}, inWords(option)));
  });
  return h(
    'div',
    {
      class: characters > COLUMN_CHARACTERS ? 'field broad' : 'field',
      role: 'radiogroup',
      'aria-labelledby': `${id}-label`,
    },
    h('p', { class: 'label', id: `${id}-label` }, label),
    h('div', { class: 'segments' }, ...segments),
    hint,
  );
}

function list(id: string, options: readonly string[], value: string, take: Take): HTMLSelectElement {
  const wrong = options.includes(value) ? [] : [value];
  const select = h('select', { id });
  select.append(
    ...[...options, ...wrong].map((option) => new Option(inWords(option), option, false, option === value)),
  );
  const check = () => {
    select.setCustomValidity(options.includes(select.value) ? '' : `It is one of ${options.join(', ')}.`);
  };
  select.addEventListener('change', () => {
    check();
    take(select.value);
  });
  check();
  return select;
}

function inWords(option: string): string {
  return option === '' ? 'not said' : option;
}

/** A text of several lines. */
export function textField(label: string, value: string, take: Take, note = ''): HTMLElement {
  const id = `field-${(counter += 1)}`;
  const area = h('textarea', {
    id,
    rows: Math.min(10, value.split('\n').length + 1),
    spellcheck: 'false',
    'aria-describedby': note === '' ? undefined : `${id}-hint`,
    input: () => take(area.value),
  });
  area.value = value;
  const hint = note === '' ? undefined : h('p', { class: 'hint', id: `${id}-hint` }, note);
  return h('div', { class: 'field wide' }, h('label', { for: id }, label), area, hint);
}
