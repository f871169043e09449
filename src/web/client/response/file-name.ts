const extensions: readonly (readonly [RegExp, string])[] = [
  [/^text\/|ndjson|xml|javascript/, 'txt'],
  [/json/, 'json'],
];

/**
 * The name of a response that is saved: that of the server, or the last part of the path.
 *
 * @param target the path and query of the request
 */
export function fileName(headers: Headers, target: string): string {
  const named = /filename="?([^";]+)"?/.exec(headers.get('content-disposition') ?? '')?.[1];
  if (named !== undefined) return named.replace(/[/\\]/g, '_');
  const last = target.split('?', 1)[0]?.split('/').findLast(Boolean) ?? 'response';
  const type = headers.get('content-type') ?? '';
  const extension = extensions.find(([pattern]) => pattern.test(type))?.[1] ?? 'bin';
  return last.includes('.') ? last : `${last}.${extension}`;
}
