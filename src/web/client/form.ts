import { METHODS, type Draft, type Form } from './draft.ts';
import { h } from './dom.ts';
import { choice, field, textField } from './fields.ts';
import { isOwnToBrowsers } from './request.ts';
import type { JsonSchema, PageRoute } from './shapes.ts';
import { uploadFields } from './upload-fields.ts';

/** The fields of a request, made from the schemas that check it. Every change goes into the draft and is told. */
export function createForm(route: PageRoute, draft: Draft, onChange: () => void): HTMLElement {
  const set = (take: (value: string) => void) => (value: string) => {
    take(value);
    onChange();
  };
  const several = (
    schema: JsonSchema | undefined,
    values: Record<string, string>,
    more: (name: string) => { schema?: JsonSchema; required?: boolean; note?: string } = () => ({}),
  ) =>
    Object.keys(values).map((name) =>
      field({
        name,
        schema: schema?.properties?.[name] ?? {},
        value: values[name] ?? '',
        required: schema?.required?.includes(name) === true,
        take: set((value) => (values[name] = value)),
        ...more(name),
      }),
    );
  const method = set((value) => (draft.method = value));
  return h(
    'div',
    { class: 'fields' },
    route.method === 'ALL' &&
      choice({ label: 'Method', options: METHODS, value: draft.method, take: method }),
    ...several(route.params, draft.params, () => ({ required: true })),
    ...several(route.query, draft.query),
    ...several(undefined, draft.headers, (name) => describeHeader(route, name)),
    draft.body !== undefined &&
      textField(
        'JSON body',
        draft.body,
        set((value) => (draft.body = value)),
        describeBody(route),
      ),
    ...(draft.upload === undefined ? [] : uploadFields(route, draft, onChange)),
    answerChoice(
      route,
      draft,
      set((value) => (draft.form = value as Form)),
    ),
  );
}

function describeHeader({ headers }: PageRoute, name: string) {
  const known = headers?.properties?.[name.toLowerCase()];
  return {
    schema: { description: name, ...known },
    required: headers?.required?.includes(name.toLowerCase()) === true,
    note: isOwnToBrowsers(name) ? 'header; a browser sends its own, yours goes with the curl line' : 'header',
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

/** In which form the answer is wanted, where there is more than one. */
function answerChoice(route: PageRoute, draft: Draft, take: (form: string) => void): HTMLElement | undefined {
  if (!route.evidence) return undefined;
  const forms: readonly Form[] = route.media === undefined ? ['json', 'text'] : ['json', 'text', 'raw'];
  return choice({
    label: 'Answer',
    options: forms.map((form) => formNames[form]),
    value: formNames[draft.form],
    take: (label) => take(forms.find((form) => formNames[form] === label) ?? 'json'),
  });
}
