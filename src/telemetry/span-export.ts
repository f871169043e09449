import { AsyncLocalStorage } from 'node:async_hooks';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import type { Counter } from '@prometheus-io/client';
import type { Logger } from 'pino';
import { toOtlp } from './otlp.ts';

interface SpanExportOptions {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Time that one export may take (ms). */
  readonly timeoutMs: number;
  /** How long a span waits for others (ms). */
  readonly delayMs: number;
  readonly resource: Readonly<Record<string, string | number>>;
  readonly log: Logger;
  readonly spans: Pick<Counter<'outcome'>, 'inc'>;
}

/** As the SDK has it by default. */
const MAX_QUEUED = 2_048;
/** Spans are serialized on the event loop: a batch takes about a millisecond. */
const BATCH = 256;

/**
 * Sends spans in batches, one at a time. A receiver that is away or hangs costs memory for a bounded queue and nothing
 * else: spans beyond it are dropped and counted. A batch that fails is not sent again.
 */
export class SpanExport {
  readonly #options: SpanExportOptions;
  readonly #queue: ReadableSpan[] = [];
  /** Aborts the export that is running at the end of a shutdown. */
  readonly #closed = new AbortController();
  /** Runs timers and lines of the log outside the request that happened to fill the queue. */
  readonly #outside = AsyncLocalStorage.snapshot();
  #timer: NodeJS.Timeout | undefined;
  #sending: Promise<void> | undefined;
  #failing = false;

  constructor(options: SpanExportOptions) {
    this.#options = options;
  }

  add(spans: readonly ReadableSpan[]): void {
    const room = MAX_QUEUED - this.#queue.length;
    this.#queue.push(...(spans.length > room ? spans.slice(0, room) : spans));
    if (spans.length > room) this.#options.spans.inc({ outcome: 'dropped' }, spans.length - room);
    if (this.#sending !== undefined) return;
    if (this.#queue.length >= BATCH) this.#outside(() => void this.#flush());
    else {
      this.#timer ??= this.#outside(() =>
        setTimeout(() => void this.#flush(), this.#options.delayMs).unref(),
      );
    }
  }

  /** Sends what is queued, until `deadline` is aborted. What is left then is counted as dropped. */
  async close(deadline: AbortSignal): Promise<void> {
    const abort = () => this.#closed.abort(deadline.reason);
    if (deadline.aborted) abort();
    else deadline.addEventListener('abort', abort, { once: true });
    while (this.#queue.length > 0 || this.#sending !== undefined) {
      if (this.#closed.signal.aborted && this.#sending === undefined) break;
      await this.#flush();
    }
    const left = this.#queue.splice(0).length;
    if (left > 0) this.#options.spans.inc({ outcome: 'dropped' }, left);
  }

  #flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#sending ??= this.#sendAll().finally(() => (this.#sending = undefined));
    return this.#sending;
  }

  async #sendAll(): Promise<void> {
    do {
      await this.#send(this.#queue.splice(0, BATCH));
    } while (this.#queue.length > 0 && !this.#closed.signal.aborted);
  }

  async #send(batch: readonly ReadableSpan[]): Promise<void> {
    if (batch.length === 0) return;
    const { url, headers, timeoutMs, resource, log, spans } = this.#options;
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: { ...headers, 'content-type': 'application/json' },
        body: toOtlp(batch, resource),
        redirect: 'manual', // the headers may hold a secret
        signal: AbortSignal.any([AbortSignal.timeout(timeoutMs), this.#closed.signal]),
      });
      await response.body?.cancel();
      if (!response.ok) throw new Error(`the receiver responded ${response.status}`);
      spans.inc({ outcome: 'exported' }, batch.length);
      if (this.#failing) log.info({ event: 'trace-export-resumed' }, 'spans are exported again');
      this.#failing = false;
    } catch (error) {
      spans.inc({ outcome: 'failed' }, batch.length);
      if (this.#failing) return; // once, not with each batch
      this.#failing = true;
      const reason = reasonOf(error);
      log.warn({ event: 'trace-export-failed', reason }, `spans cannot be exported: ${reason}`);
    }
  }
}

/** What fetch reports as "fetch failed" has the reason in its cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause: unknown = error.cause;
  return cause instanceof Error && cause.message !== '' ? cause.message : error.message;
}
