import { h } from '../dom/elements.ts';
import type { Progress } from '../request/send-request.ts';
import { fileName } from './file-name.ts';

/** Saves the body of a response as a file, under the name that the server gives it. */
export function saveButton(progress: Progress, target: string): HTMLElement | undefined {
  const { parts, headers, text } = progress;
  if (progress.bytes === 0) return undefined;
  const type = headers.get('content-type') ?? 'application/octet-stream';
  const content = parts ?? (progress.truncated || text === '' ? undefined : [text]);
  if (content === undefined) {
    return h('p.meaning', 'The page does not keep a body of this size. Use the command to save it.');
  }
  const save = () => {
    const url = URL.createObjectURL(new Blob(content, { type }));
    h('a', { href: url, download: fileName(headers, target) }).click();
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
  };
  return h('button.button.small', { type: 'button', click: save }, 'Save the response');
}
