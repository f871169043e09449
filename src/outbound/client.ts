import type { IncomingHttpHeaders } from 'node:http';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { request as send, type Dispatcher } from 'undici';
import type { z } from 'zod';
import type { OpenSpan, Tracing } from '../telemetry/tracing.ts';
import { AddressRefused } from './addresses.ts';
import { ACCEPT_ENCODING, readJson } from './body.ts';
import { OutboundError } from './errors.ts';
import type { Origin } from './origin.ts';

/**
 * Whose URL it is. `configured`: the operator's, which may lead into a private network. `public`: that of a client or of
 * another service, which may lead to the public internet only, and to what the operator allows.
 */
export type UrlSource = 'configured' | 'public';

export interface OutboundClientOptions {
  /** What it calls, in a word or two: the label of its metrics and log lines. */
  readonly name: string;
  readonly urls: UrlSource;
  /** Time for a call with all its attempts (ms). Defaults to 10 seconds. */
  readonly timeoutMs?: number;
  /** Time for one attempt, its body included (ms). Defaults to 3 seconds. */
  readonly attemptTimeoutMs?: number;
  /** Attempts of a call that may be repeated. Defaults to 3. */
  readonly maxAttempts?: number;
  /** The largest response, as it is sent and after decompression (bytes). Defaults to 1 MB. */
  readonly maxBytes?: number;
  /** Redirects that are followed, each checked as a URL of another service. Defaults to 0. */
  readonly maxRedirects?: number;
}

export interface OutboundRequest<Body> {
  /** Defaults to GET. */
  readonly method?: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** With lower-case names. Not sent to another origin after a redirect. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON unless the headers say otherwise. */
  readonly body?: string;
  /** Makes a POST or PATCH repeatable: the receiver handles a key once. Sent as `Idempotency-Key`. */
  readonly idempotencyKey?: string;
  /** The expected JSON. Without it the body of the response is discarded. */
  readonly response?: z.ZodType<Body>;
  /** Ends the call, for example that of the handler. */
  readonly signal?: AbortSignal;
  /** Continues the trace, once per attempt: `() => call.traceHeaders()`. */
  readonly traceHeaders?: () => Readonly<Record<string, string>>;
}

export interface OutboundResponse<Body> {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Body;
}

/** What all clients of a worker share. */
export interface Shared {
  readonly log: Pick<Logger, 'info' | 'warn'>;
  readonly tracing: Tracing;
  readonly dispatchers: Readonly<Record<UrlSource, Dispatcher>>;
  readonly allowedPorts: readonly string[];
  readonly originOf: (urls: UrlSource, origin: string) => Origin;
  readonly observe: (client: string, outcome: string, seconds: number) => void;
  readonly countRetry: (client: string) => void;
}

interface Hop {
  readonly url: URL;
  readonly urls: UrlSource;
  readonly headers: Readonly<Record<string, string>>;
}

interface Received {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly json: unknown;
}

const IDEMPOTENT = new Set(['GET', 'HEAD', 'PUT', 'DELETE']);
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
const MAX_BACKOFF_MS = 1_000;
const FIRST_BACKOFF_MS = 50;
/** Of a body that is discarded: enough to keep the connection. */
const MAX_DISCARDED_BYTES = 65_536;
const defaults = {
  timeoutMs: 10_000,
  attemptTimeoutMs: 3_000,
  maxAttempts: 3,
  maxBytes: 1_000_000,
  maxRedirects: 0,
};

/** Calls another service, and trusts neither its speed, its size, its content nor where its name leads. */
export class OutboundClient {
  readonly #options: Required<OutboundClientOptions>;
  readonly #shared: Shared;

  constructor(options: OutboundClientOptions, shared: Shared) {
    this.#options = { ...defaults, ...options };
    this.#shared = shared;
  }

  /**
   * Sends a request. It is repeated after a transient failure if it is idempotent, as long as the time and the retry
   * budget of its origin allow.
   *
   * @throws {OutboundError} also for a status that is not 2xx; or the reason of the signal
   * @example
   * const { body } = await orders.request(url, { response: z.object({ id: z.uuid() }), signal: call.signal });
   */
  async request<Body = undefined>(
    target: string | URL,
    request: OutboundRequest<Body> = {},
  ): Promise<OutboundResponse<Body>> {
    const { name, urls, timeoutMs, maxAttempts } = this.#options;
    const { method = 'GET', idempotencyKey } = request;
    const url = this.#checkUrl(URL.parse(String(target)), urls);
    const endsAt = performance.now() + timeoutMs;
    const deadline = AbortSignal.timeout(timeoutMs);
    const signal = request.signal === undefined ? deadline : AbortSignal.any([deadline, request.signal]);
    const origin = this.#shared.originOf(urls, url.origin);
    const mayRepeat = IDEMPOTENT.has(method) || idempotencyKey !== undefined;
    origin.countCall();
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#trace(url, request, (span) => this.#attempt(url, request, signal, span));
      } catch (error) {
        request.signal?.throwIfAborted();
        const failure = toFailure(error, signal);
        const delayMs = Math.max(backoffMs(attempt), failure.retryAfterMs ?? 0);
        const isRepeated =
          mayRepeat &&
          failure.isTransient &&
          attempt < maxAttempts &&
          delayMs < endsAt - performance.now() &&
          origin.takeRetry();
        if (!isRepeated) {
          this.#logFailure(failure, url.host, attempt);
          throw failure;
        }
        this.#shared.countRetry(name);
        await sleep(delayMs, undefined, { signal: request.signal }).catch(() =>
          request.signal?.throwIfAborted(),
        );
      }
    }
  }

  #logFailure({ kind, received: status, reason }: OutboundError, host: string, attempt: number): void {
    // The line about the circuit is there already, and the metric counts these.
    if (kind === 'circuit-open' || kind === 'busy') return;
    const fields = { client: this.#options.name, host, kind, status, reason, attempt };
    this.#shared.log.warn({ event: 'outbound-failed', ...fields }, 'call to another service failed');
  }

  /** https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-client-span */
  #trace<T>(url: URL, { method = 'GET' }: OutboundRequest<unknown>, attempt: (span: OpenSpan) => Promise<T>) {
    const attributes = {
      'http.request.method': method,
      'server.address': url.hostname,
      'server.port': Number(portOf(url)),
    };
    return this.#shared.tracing.span(method, { kind: 'client', attributes }, attempt);
  }

  /** Follows redirects, if that is allowed. */
  async #attempt<Body>(
    url: URL,
    request: OutboundRequest<Body>,
    signal: AbortSignal,
    span: OpenSpan,
  ): Promise<OutboundResponse<Body>> {
    const { urls, attemptTimeoutMs, maxRedirects } = this.#options;
    const attemptSignal = AbortSignal.any([signal, AbortSignal.timeout(attemptTimeoutMs)]);
    const { idempotencyKey, body } = request;
    let hop: Hop = {
      url,
      urls,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...request.headers,
        ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }),
        ...request.traceHeaders?.(),
      },
    };
    for (let redirects = 0; ; redirects += 1) {
      const received = await this.#send(hop, request, attemptSignal);
      span.set({ 'http.response.status_code': received.status });
      const next = redirects < maxRedirects ? this.#redirect(hop, received, request) : undefined;
      if (next === undefined) return accept(received, request);
      hop = next;
    }
  }

  async #send<Body>(hop: Hop, request: OutboundRequest<Body>, signal: AbortSignal): Promise<Received> {
    const { name, maxBytes } = this.#options;
    const { method = 'GET', body } = request;
    const { url, urls, headers } = hop;
    const startedAt = performance.now();
    let outcome = 'aborted';
    try {
      const received = await this.#shared.originOf(urls, url.origin).run(async () => {
        try {
          const response = await send(url, {
            dispatcher: this.#shared.dispatchers[urls],
            method,
            headers: { accept: 'application/json', ...headers, 'accept-encoding': ACCEPT_ENCODING },
            body: body ?? null,
            signal,
          });
          const { statusCode: status, headers: received } = response;
          if (isSuccess(status) && request.response !== undefined) {
            return { status, headers: received, json: await readJson(response.body, received, maxBytes) };
          }
          await response.body.dump({ limit: MAX_DISCARDED_BYTES, signal });
          return { status, headers: received, json: undefined };
        } catch (error) {
          throw request.signal?.aborted === true ? error : toFailure(error, signal);
        }
      });
      outcome = String(received.status);
      return received;
    } catch (error) {
      if (error instanceof OutboundError) outcome = error.kind;
      throw error;
    } finally {
      this.#shared.observe(name, outcome, (performance.now() - startedAt) / 1000);
    }
  }

  /** @returns the next request, if the response leads to one that may be sent */
  #redirect<Body>(
    { url, urls, headers }: Hop,
    received: Received,
    { method = 'GET' }: OutboundRequest<Body>,
  ): Hop | undefined {
    const { location } = received.headers;
    if (!REDIRECTS.has(received.status) || typeof location !== 'string') return undefined;
    if (method !== 'GET' && method !== 'HEAD') return undefined; // it would send a body to where a response says
    const next = URL.parse(location, url.href);
    if (next?.origin === url.origin) return { url: this.#checkUrl(next, urls), urls, headers };
    // Only the operator's own URL may lead into a private network, not where a response of it leads.
    const checked = this.#checkUrl(next, 'public');
    if (url.protocol === 'https:' && checked.protocol !== 'https:') throw new OutboundError('url');
    return { url: checked, urls: 'public', headers: {} };
  }

  /** @throws {OutboundError} `url` */
  #checkUrl(url: URL | null, urls: UrlSource): URL {
    if (url === null || !['http:', 'https:'].includes(url.protocol) || url.username + url.password !== '') {
      throw new OutboundError('url');
    }
    if (urls === 'public' && !this.#shared.allowedPorts.includes(portOf(url))) throw new OutboundError('url');
    return url;
  }
}

function portOf({ port, protocol }: URL): string {
  return port === '' ? (protocol === 'https:' ? '443' : '80') : port;
}

function isSuccess(status: number): boolean {
  return status >= 200 && status <= 299;
}

/** @throws {OutboundError} `status` or `schema` */
function accept<Body>(
  { status, headers, json }: Received,
  request: OutboundRequest<Body>,
): OutboundResponse<Body> {
  if (!isSuccess(status)) {
    throw new OutboundError('status', {
      received: status,
      retryAfterMs: readRetryAfter(headers['retry-after']),
    });
  }
  if (request.response === undefined) return { status, headers, body: undefined as Body };
  const parsed = request.response.safeParse(json);
  if (parsed.success) return { status, headers, body: parsed.data };
  const faults = parsed.error.issues.map(({ path, code }) => `${path.join('.') || 'value'}: ${code}`);
  throw new OutboundError('schema', { reason: faults.slice(0, 10).join('; ') });
}

/** Seconds or a date: https://www.rfc-editor.org/rfc/rfc9110#field.retry-after */
function readRetryAfter(value: string | string[] | undefined): number | undefined {
  if (typeof value !== 'string') return undefined;
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1_000;
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : Math.max(0, at - Date.now());
}

/** Full jitter: clients that failed together do not come back together. */
function backoffMs(attempt: number): number {
  return Math.random() * Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** attempt);
}

/** @param signal that of the attempt or of the call */
function toFailure(error: unknown, signal: AbortSignal): OutboundError {
  if (error instanceof OutboundError) return error;
  if (error instanceof AddressRefused) return new OutboundError('address');
  if (signal.aborted) return new OutboundError('timeout');
  const { code } = error as NodeJS.ErrnoException;
  return new OutboundError('connection', { reason: code ?? (error as Error).name });
}
