import type { JsonSchema } from '../../page-data.ts';
import { h, withCode } from '../dom/elements.ts';
import { digits, label as labelOf, stringify } from '../dom/format.ts';

type OnInput = (value: string) => void;

export interface FieldOptions {
  readonly name: string;
  readonly schema: JsonSchema;
  readonly value: string;
  readonly required?: boolean | undefined;
  /** A hint in addition to the bounds. */
  readonly note?: string | undefined;
  readonly onInput: OnInput;
}

interface ChoiceOptions {
  readonly label: string;
  readonly options: readonly string[];
  readonly value: string;
  /** The name in the request, if it is to be shown. */
  readonly name?: string;
  readonly onInput: OnInput;
}

/** Options are shown side by side if they fit in one line of the narrowest form. */
const MAX_SEGMENTS_WIDTH = 275;
/** Wider ones take two columns. */
const COLUMN_WIDTH = 160;
const CHARACTER_WIDTH = 7.5;
const SEGMENT_PADDING = 26;
let counter = 0;

/** An input for a value of a schema. A value that does not match the schema is shown as invalid. */
export function field(options: FieldOptions): HTMLElement {
  const { name, schema, value, required = false, onInput } = options;
  const choices = schema.enum ?? (schema.type === 'boolean' ? ['true', 'false'] : undefined);
  const label = schema.description ?? labelOf(name);
  if (choices !== undefined) {
    const notSet = schema.default === undefined && !required ? [''] : [];
    return choice({ label, options: [...notSet, ...choices.map(String)], value, name, onInput });
  }
  const id = `field-${(counter += 1)}`;
  const numeric = schema.type === 'integer' || schema.type === 'number';
  // A number input cannot show a value that is not a number, which an example may have on purpose.
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
    input: () => onInput(input.value),
  });
  input.value = value;
  const hint = [describeBounds(schema, numeric), options.note].filter(Boolean).join(', ');
  const separator = label !== name && hint !== '' && ' · ';
  return h(
    'div.field',
    h('label', { for: id }, ...withCode(label)),
    input,
    h('p.hint', { id: `${id}-hint` }, label !== name && h('code', name), separator, hint),
  );
}

function describeBounds({ minimum, maximum, default: fallback }: JsonSchema, numeric: boolean): string {
  const bounded = numeric && minimum !== undefined && maximum !== undefined;
  const bounds = bounded ? `${digits(minimum)} to ${digits(maximum)}` : '';
  const shown = typeof fallback === 'number' ? digits(fallback) : stringify(fallback);
  return [bounds, shown === '' ? '' : `default ${shown}`].filter(Boolean).join(', ');
}

/** A pattern, if it is valid in HTML, which uses the v flag: with it more characters need escaping. */
function htmlPattern(pattern: string | undefined): string | undefined {
  if (pattern === undefined) return undefined;
  try {
    new RegExp(pattern, 'v');
    return pattern.replace(/^\^|\$$/g, '');
  } catch {
    return undefined;
  }
}

/** A choice of a few options: side by side if they fit, otherwise as a list. */
export function choice({ label, options, value, name, onInput }: ChoiceOptions): HTMLElement {
  const id = `choice-${(counter += 1)}`;
  const hint = name === undefined ? undefined : h('p.hint', h('code', name));
  const texts = options.map(optionText);
  const width = texts.join('').length * CHARACTER_WIDTH + texts.length * SEGMENT_PADDING;
  if (width > MAX_SEGMENTS_WIDTH || !options.includes(value)) {
    return h(
      'div.field',
      h('label', { for: id }, ...withCode(label)),
      list(id, options, value, onInput),
      hint,
    );
  }
  const segments = options.map((option) => {
    const radio = h('input', { type: 'radio', name: id, value: option, change: () => onInput(option) });
    radio.checked = option === value;
    return h('label', radio, h('span', optionText(option)));
  });
  return h(
    'div',
    {
      class: width > COLUMN_WIDTH ? 'field two-columns' : 'field',
      role: 'radiogroup',
      'aria-labelledby': `${id}-label`,
    },
    h('p.label', { id: `${id}-label` }, ...withCode(label)),
    h('div.segments', ...segments),
    hint,
  );
}

function list(id: string, options: readonly string[], value: string, onInput: OnInput): HTMLSelectElement {
  const invalid = options.includes(value) ? [] : [value];
  const select = h('select', { id });
  select.append(
    ...[...options, ...invalid].map(
      (option) => new Option(optionText(option), option, false, option === value),
    ),
  );
  const check = () => {
    select.setCustomValidity(options.includes(select.value) ? '' : `Must be one of ${options.join(', ')}.`);
  };
  select.addEventListener('change', () => {
    check();
    onInput(select.value);
  });
  check();
  return select;
}

function optionText(option: string): string {
  return option === '' ? 'not set' : option;
}

/** An input of several lines. */
export function textField(label: string, value: string, onInput: OnInput, note = ''): HTMLElement {
  const id = `field-${(counter += 1)}`;
  const area = h('textarea', {
    id,
    rows: Math.min(10, value.split('\n').length + 1),
    spellcheck: 'false',
    'aria-describedby': note === '' ? undefined : `${id}-hint`,
    input: () => onInput(area.value),
  });
  area.value = value;
  const hint = note === '' ? undefined : h('p.hint', { id: `${id}-hint` }, note);
  return h('div.field.full-width', h('label', { for: id }, ...withCode(label)), area, hint);
}
