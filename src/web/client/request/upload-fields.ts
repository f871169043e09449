import type { PageRoute } from '../../page-data.ts';
import { MAX_UPLOAD_BYTES, type Draft } from './draft.ts';
import { choice, field, textField } from './field.ts';

/** The fields of a streamed body: a number of zeros, or a text. */
export function createUploadFields({ stream }: PageRoute, draft: Draft, onChange: () => void): HTMLElement[] {
  let size = typeof draft.upload === 'number' ? draft.upload : 1_000_000;
  let text = typeof draft.upload === 'string' ? draft.upload : 'hello';
  const zeros = field({
    name: 'bytes to send',
    schema: {
      type: 'integer',
      minimum: 0,
      maximum: MAX_UPLOAD_BYTES,
      description: 'Number of zeros to send',
    },
    note: stream?.description,
    value: String(size),
    required: true,
    onInput(value) {
      draft.upload = size = Math.min(MAX_UPLOAD_BYTES, Math.max(0, Number(value)));
      onChange();
    },
  });
  const typed = textField(
    'Text to send',
    text,
    (value) => {
      draft.upload = text = value;
      onChange();
    },
    'In the syntax of printf: \\n, \\r, \\t and \\211 are one byte each.',
  );
  const show = () => {
    zeros.hidden = typeof draft.upload !== 'number';
    typed.hidden = typeof draft.upload === 'number';
  };
  const kind = choice({
    label: 'Body',
    options: ['zeros', 'text'],
    value: typeof draft.upload === 'number' ? 'zeros' : 'text',
    onInput(value) {
      draft.upload = value === 'zeros' ? size : text;
      show();
      onChange();
    },
  });
  show();
  return [kind, zeros, typed];
}
