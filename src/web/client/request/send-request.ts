import type { Prepared } from './prepared-request.ts';

/** A response while it arrives. */
export interface Progress {
  readonly status: number;
  readonly headers: Headers;
  /** Whether the response is a redirect that was not followed: browsers hide everything else about it from pages. */
  readonly isRedirect: boolean;
  /** The path of the response, if a redirect was followed on demand. */
  readonly redirectedTo: string | undefined;
  bytes: number;
  chunks: number;
  firstByteMs: number | undefined;
  /** When the chunks arrived, in milliseconds since the request: the first `MAX_ARRIVALS`. */
  readonly arrivals: number[];
  /** The whole body; undefined if it is larger than `MAX_KEPT_BYTES`, or was read as text at once. */
  parts: Uint8Array<ArrayBuffer>[] | undefined;
  /** The beginning of a text; other content is only counted. */
  text: string;
  /** Whether `text` is only the beginning. */
  truncated: boolean;
}

export interface Outcome {
  readonly progress: Progress | undefined;
  readonly totalMs: number;
  readonly canceled: boolean;
  /** Why there is no complete response. */
  readonly failure: string | undefined;
  readonly json: unknown;
}

type OnProgress = (progress: Progress) => void;

const MAX_CHARACTERS = 2_000_000;
export const MAX_ARRIVALS = 600;
/** What can be saved as a file. */
const MAX_KEPT_BYTES = 50_000_000;
const textual = /^text\/|json|xml|javascript|event-stream|csv/;

/**
 * Sends a request, after the request that creates what it is about. Never rejects: a failure is an outcome.
 *
 * @returns the outcome of the first request if that created nothing
 */
export async function sendRequest(
  request: Prepared,
  signal: AbortSignal,
  onProgress: OnProgress = () => undefined,
): Promise<Outcome> {
  if (request.creation === undefined) return exchange(request, signal, onProgress);
  const created = await sendRequest(request.creation.request, signal);
  const located = request.creation.locate(created.progress?.headers.get('location') ?? '');
  return located === undefined ? created : exchange(located, signal, onProgress);
}

async function exchange(
  { target, method, headers, body, whole, follow = false }: Prepared,
  signal: AbortSignal,
  onProgress: OnProgress,
): Promise<Outcome> {
  const startedAt = performance.now();
  let progress: Progress | undefined;
  const outcome = (failure?: string): Outcome => ({
    progress,
    totalMs: performance.now() - startedAt,
    canceled: signal.aborted,
    failure: signal.aborted ? 'canceled' : failure,
    json: failure === undefined && progress !== undefined ? readJson(progress) : undefined,
  });
  try {
    const init: RequestInit = {
      method,
      headers,
      signal,
      cache: 'no-store',
      redirect: follow ? 'follow' : 'manual',
    };
    if (body !== undefined) init.body = body;
    const response = await fetch(target, init);
    progress = {
      status: response.status,
      headers: response.headers,
      isRedirect: response.type === 'opaqueredirect',
      redirectedTo: response.redirected ? new URL(response.url).pathname : undefined,
      bytes: 0,
      chunks: 0,
      firstByteMs: undefined,
      arrivals: [],
      parts: undefined,
      text: '',
      truncated: false,
    };
    onProgress(progress);
    if (whole) await receiveWhole(response, progress, startedAt);
    else await receive(response, progress, startedAt, onProgress);
    return outcome();
  } catch (error) {
    return outcome(
      progress === undefined ? 'no response: the connection failed' : `connection closed: ${String(error)}`,
    );
  }
}

/** Chromium drops the connection of a compressed response that is read in chunks: reads it at once instead. */
async function receiveWhole(response: Response, progress: Progress, startedAt: number): Promise<void> {
  progress.firstByteMs = performance.now() - startedAt;
  progress.text = await response.text();
  progress.bytes = new TextEncoder().encode(progress.text).length;
  progress.chunks = 1;
}

async function receive(
  response: Response,
  progress: Progress,
  startedAt: number,
  onProgress: OnProgress,
): Promise<void> {
  const decoder = textual.test(response.headers.get('content-type') ?? '') ? new TextDecoder() : undefined;
  const reader = (response.body as ReadableStream<Uint8Array<ArrayBuffer>> | null)?.getReader();
  progress.parts = [];
  for (;;) {
    const { done, value } = (await reader?.read()) ?? { done: true, value: undefined };
    if (done) break;
    progress.firstByteMs ??= performance.now() - startedAt;
    progress.bytes += value.length;
    progress.chunks += 1;
    if (progress.arrivals.length < MAX_ARRIVALS) progress.arrivals.push(performance.now() - startedAt);
    if (progress.bytes > MAX_KEPT_BYTES) progress.parts = undefined;
    else progress.parts?.push(value);
    if (decoder !== undefined) {
      if (progress.text.length < MAX_CHARACTERS) progress.text += decoder.decode(value, { stream: true });
      else progress.truncated = true;
    }
    onProgress(progress);
  }
}

function readJson({ headers, text, truncated }: Progress): unknown {
  if (truncated || !/[/+]json/.test(headers.get('content-type') ?? '')) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
