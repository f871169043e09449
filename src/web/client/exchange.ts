import type { Prepared } from './request.ts';
import type { Evidence } from './shapes.ts';

/** An answer while it arrives. */
export interface Progress {
  readonly status: number;
  readonly headers: Headers;
  /** Where the browser went by itself: it shows no page a redirect. */
  readonly redirectedTo: string | undefined;
  bytes: number;
  chunks: number;
  firstByteMs: number | undefined;
  elapsedMs: number;
  /** The beginning of a text; what is not text is only counted. */
  text: string;
  /** Whether there was more text than is kept. */
  cut: boolean;
}

export interface Outcome {
  readonly progress: Progress | undefined;
  readonly totalMs: number;
  /** By the one who asked. */
  readonly cancelled: boolean;
  /** Why there is no whole answer. */
  readonly failure: string | undefined;
  readonly json: unknown;
}

const KEPT_CHARACTERS = 2_000_000;
const textual = /^text\/|json|xml|javascript|event-stream|csv/;

/** Makes a request and watches its answer arrive. Never rejects: a failure is an outcome. */
export async function exchange(
  { target, method, headers, body, whole }: Prepared,
  signal: AbortSignal,
  onProgress: (progress: Progress) => void = () => undefined,
): Promise<Outcome> {
  const startedAt = performance.now();
  let progress: Progress | undefined;
  const outcome = (failure?: string): Outcome => ({
    progress,
    totalMs: performance.now() - startedAt,
    cancelled: signal.aborted,
    failure: signal.aborted ? 'cancelled' : failure,
    json: failure === undefined && progress !== undefined ? readJson(progress) : undefined,
  });
  try {
    const init: RequestInit = { method, headers, signal, cache: 'no-store' };
    if (body !== undefined) init.body = body;
    const response = await fetch(target, init);
    progress = {
      status: response.status,
      headers: response.headers,
      redirectedTo: response.redirected ? new URL(response.url).pathname : undefined,
      bytes: 0,
      chunks: 0,
      firstByteMs: undefined,
      elapsedMs: performance.now() - startedAt,
      text: '',
      cut: false,
    };
    onProgress(progress);
    if (whole) await receiveWhole(response, progress, startedAt);
    else await receive(response, progress, startedAt, onProgress);
    return outcome();
  } catch (error) {
    return outcome(progress === undefined ? 'no answer: the connection failed' : `cut off: ${String(error)}`);
  }
}

/** Chromium cuts the connection of a compressed answer that is read piece by piece, so what need not be is not. */
async function receiveWhole(response: Response, progress: Progress, startedAt: number): Promise<void> {
  progress.firstByteMs = progress.elapsedMs;
  progress.text = await response.text();
  progress.bytes = new TextEncoder().encode(progress.text).length;
  progress.chunks = 1;
  progress.elapsedMs = performance.now() - startedAt;
}

async function receive(
  response: Response,
  progress: Progress,
  startedAt: number,
  onProgress: (progress: Progress) => void,
): Promise<void> {
  const decoder = textual.test(response.headers.get('content-type') ?? '') ? new TextDecoder() : undefined;
  const reader = response.body?.getReader();
  for (;;) {
    const { done, value } = (await reader?.read()) ?? { done: true, value: undefined };
    progress.elapsedMs = performance.now() - startedAt;
    if (done) break;
    progress.firstByteMs ??= progress.elapsedMs;
    progress.bytes += value.length;
    progress.chunks += 1;
    if (decoder !== undefined) {
      if (progress.text.length < KEPT_CHARACTERS) progress.text += decoder.decode(value, { stream: true });
      else progress.cut = true;
    }
    onProgress(progress);
  }
}

function readJson({ headers, text, cut }: Progress): unknown {
  if (cut || !/[/+]json/.test(headers.get('content-type') ?? '')) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

export function isEvidence(json: unknown): json is Evidence {
  const evidence = json as Partial<Evidence> | null | undefined;
  return typeof evidence?.lesson === 'string' && 'result' in evidence && typeof evidence.cost === 'object';
}
