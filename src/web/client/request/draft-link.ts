import type { PageRoute } from '../../page-data.ts';
import { firstDraft, MAX_UPLOAD_BYTES, METHODS, type Draft, type Form } from './draft.ts';

/** The link to a request: the key of its route and what differs from the first example. */
export function toLink(key: string, route: PageRoute, draft: Draft): string {
  const first = firstDraft(route);
  const link = new URLSearchParams();
  const add = (name: string, value: string, initial = '') => {
    if (value !== initial) link.set(name, value);
  };
  for (const [name, value] of Object.entries(draft.params)) add(`:${name}`, value, first.params[name]);
  for (const [name, value] of Object.entries(draft.query)) add(name, value, first.query[name]);
  for (const [name, value] of Object.entries(draft.headers)) add(`@${name}`, value, first.headers[name]);
  add('@form', draft.form, first.form);
  add('@method', draft.method, first.method);
  if (draft.createdBy !== undefined) add('@createdBy', draft.createdBy, first.createdBy);
  if (draft.body !== undefined) add('@body', draft.body, first.body);
  if (draft.upload !== undefined) add('@upload', JSON.stringify(draft.upload), JSON.stringify(first.upload));
  const query = link.toString();
  return `#${key}${query === '' ? '' : `?${query}`}`;
}

/** The request that a link describes. Unknown names and invalid values are ignored. */
export function fromLink(route: PageRoute, link: URLSearchParams): Draft {
  const draft = firstDraft(route);
  for (const [name, value] of link) {
    const rest = name.slice(1);
    if (name.startsWith(':') && Object.hasOwn(draft.params, rest)) {
      draft.params[rest] = value;
      draft.createdBy = undefined;
    } else if (name.startsWith('@') && Object.hasOwn(draft.headers, rest)) draft.headers[rest] = value;
    else if (name === '@form' && ['json', 'text', 'raw'].includes(value)) draft.form = value as Form;
    else if (name === '@method' && METHODS.some((method) => method === value)) draft.method = value;
    else if (name === '@createdBy' && route.examples.some(({ createdBy }) => createdBy === value))
      draft.createdBy = value;
    else if (name === '@body' && draft.body !== undefined) draft.body = value;
    else if (name === '@upload' && draft.upload !== undefined) draft.upload = readUpload(value, draft.upload);
    else if (Object.hasOwn(draft.query, name)) draft.query[name] = value;
  }
  return draft;
}

/** A text or a number of zeros, as JSON; the fallback if it is neither. */
function readUpload(json: string, fallback: string | number): string | number {
  try {
    const upload: unknown = JSON.parse(json);
    if (typeof upload === 'string') return upload;
    const size = Number.isInteger(upload) ? Number(upload) : -1;
    return size >= 0 && size <= MAX_UPLOAD_BYTES ? size : fallback;
  } catch {
    return fallback;
  }
}
