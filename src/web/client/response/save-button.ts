import { h } from '../dom/elements.ts';
import type { Progress } from '../request/send-request.ts';

const extensions: readonly (readonly [RegExp, string])[] = [
  [/^text\/|ndjson|xml|javascript/, 'txt'],
  [/json/, 'json'],
];

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

/** @param target the path and query of the request */
export function fileName(headers: Headers, target: string): string {
  const named = /filename="?([^";]+)"?/.exec(headers.get('content-disposition') ?? '')?.[1];
  if (named !== undefined) return named.replace(/[/\\]/g, '_');
  const last = target.split('?', 1)[0]?.split('/').findLast(Boolean) ?? 'response';
  const type = headers.get('content-type') ?? '';
  const extension = extensions.find(([pattern]) => pattern.test(type))?.[1] ?? 'bin';
  return last.includes('.') ? last : `${last}.${extension}`;
}
