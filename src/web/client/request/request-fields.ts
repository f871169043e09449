import type { JsonSchema, PageRoute } from '../../page-data.ts';
import { h } from '../dom/elements.ts';
import { METHODS, type Draft, type Form } from './draft.ts';
import { choice, field, textField, type FieldOptions } from './field.ts';
import { isForbiddenHeader } from './prepared-request.ts';
import { createUploadFields } from './upload-fields.ts';

type Description = Pick<FieldOptions, 'schema' | 'required' | 'note'>;
type Describe = (name: string) => Description;

/** The fields of a request, from the schemas that the server checks it with. Every change is written to the draft. */
export function createFields(route: PageRoute, draft: Draft, onChange: () => void): HTMLElement {
  const change = (apply: (value: string) => void) => (value: string) => {
    apply(value);
    onChange();
  };
  const fieldsOf = (values: Record<string, string>, describe: Describe, onInput?: (value: string) => void) =>
    Object.entries(values).map(([name, value]) =>
      field({
        name,
        value,
        onInput: change((input) => {
          values[name] = input;
          onInput?.(input);
        }),
        ...describe(name),
      }),
    );
  const { createdBy } = draft;
  const note = createdBy && `each run creates one with ${createdBy}, unless you enter a value`;
  return h(
    'div.fields',
    route.method === 'ALL' &&
      choice({
        label: 'Method',
        options: METHODS,
        value: draft.method,
        onInput: change((value) => (draft.method = value)),
      }),
    ...fieldsOf(
      draft.params,
      (name) => ({ ...describeBy(route.params, name), required: createdBy === undefined, note }),
      (value) => (draft.createdBy = value === '' ? createdBy : undefined),
    ),
    ...fieldsOf(draft.query, (name) => describeBy(route.query, name)),
    ...fieldsOf(draft.headers, (name) => describeHeader(route, name)),
    draft.body !== undefined &&
      textField(
        'JSON body',
        draft.body,
        change((value) => (draft.body = value)),
        describeBody(route),
      ),
    ...(draft.upload === undefined ? [] : createUploadFields(route, draft, onChange)),
    formChoice(
      route,
      draft,
      change((value) => (draft.form = value as Form)),
    ),
  );
}

function describeBy(schema: JsonSchema | undefined, name: string): Description {
  return {
    schema: schema?.properties?.[name] ?? {},
    required: schema?.required?.includes(name) === true,
  };
}

function describeHeader({ headers }: PageRoute, name: string): Description {
  const { schema, required } = describeBy(headers, name.toLowerCase());
  return {
    schema: { description: name, ...schema },
    required,
    note: isForbiddenHeader(name)
      ? 'Browsers override this header; your value is used in the curl command only.'
      : 'header',
  };
}

function describeBody({ body }: PageRoute): string {
  const names = Object.keys(body?.properties ?? {});
  const optional = (name: string) => (body?.required?.includes(name) === true ? '' : ' (optional)');
  return names.map((name) => name + optional(name)).join(', ');
}

const formNames: Readonly<Record<Form, string>> = {
  json: 'evidence',
  text: 'text',
  raw: 'raw',
};

/** The choice of the form of the response, if there is more than one. */
function formChoice(
  route: PageRoute,
  draft: Draft,
  onInput: (form: string) => void,
): HTMLElement | undefined {
  if (!route.evidence) return undefined;
  const forms: readonly Form[] = route.media === undefined ? ['json', 'text'] : ['json', 'text', 'raw'];
  return choice({
    label: 'Response',
    options: forms.map((form) => formNames[form]),
    value: formNames[draft.form],
    onInput: (name) => onInput(forms.find((form) => formNames[form] === name) ?? 'json'),
  });
}
