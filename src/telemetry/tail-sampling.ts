import { SpanStatusCode, trace, TraceFlags, type Context } from '@opentelemetry/api';
import type { ReadableSpan, Span, SpanProcessor } from '@opentelemetry/sdk-trace';
import type { Counter } from '@prometheus-io/client';
import type { SpanExport } from './span-export.ts';

interface TailSamplingOptions {
  readonly export: Pick<SpanExport, 'add'>;
  /** A request or job that takes at least this long is kept (ms); 0: none is kept for that. */
  readonly slowMs: number;
  readonly spans: Pick<Counter<'outcome'>, 'inc'>;
}

/** The spans of one request or job. */
interface LocalRoot {
  readonly span: object;
  readonly waiting: ReadableSpan[];
  /** What becomes a span only if this one is exported. */
  readonly later: (() => void)[];
  kept: boolean | undefined;
}

/** What one request or job may record: its spans wait in memory until it ends. */
const MAX_SPANS = 1_000;
/** On each span. A WeakMap would cost more than all else: the garbage collector looks at its entries again and again. */
const ROOT = Symbol('local root');

/**
 * Decides about all spans of a request or job when it ends, so that one that was not sampled is exported if it has failed
 * or was slow. Each process decides for itself: of a failed request one sees what happened here, but services that it
 * called, or was called by, have dropped their parts unless they failed as well.
 */
export class TailSampling implements SpanProcessor {
  readonly #options: TailSamplingOptions;

  constructor(options: TailSamplingOptions) {
    this.#options = options;
  }

  onStart(span: Span, parentContext: Context): void {
    const parent = trace.getSpan(parentContext);
    // A parent in another process has none.
    const root = (parent && rootOf(parent)) ?? { span, waiting: [], later: [], kept: undefined };
    Object.assign(span, { [ROOT]: root });
  }

  onEnd(span: ReadableSpan): void {
    const root = rootOf(span);
    if (root === undefined) return;
    if (root.kept !== undefined) {
      if (root.kept) this.#options.export.add([span]); // it has outlived its request
    } else if (root.span === span) {
      const [seconds, nanoseconds] = span.duration;
      const failed = span.status.code === SpanStatusCode.ERROR;
      if (this.keeps(span.spanContext(), failed, seconds * 1e3 + nanoseconds / 1e6)) {
        root.kept = true;
        this.#options.export.add([span, ...root.waiting.splice(0)]);
        for (const record of root.later.splice(0)) record();
      } else this.discard(span);
    } else if (root.waiting.length < MAX_SPANS) root.waiting.push(span);
    else this.#options.spans.inc({ outcome: 'dropped' });
  }

  /** Whether the spans of a request or job are exported. */
  keeps({ traceFlags }: { readonly traceFlags: number }, failed: boolean, durationMs: number): boolean {
    const { slowMs } = this.#options;
    return (traceFlags & TraceFlags.SAMPLED) !== 0 || failed || (slowMs > 0 && durationMs >= slowMs);
  }

  /** Ends a request or job that is not exported. */
  discard(span: object): void {
    const root = rootOf(span);
    if (root === undefined) return;
    root.kept = false;
    this.#options.spans.inc({ outcome: 'not-sampled' }, root.waiting.length + root.later.length + 1);
    root.waiting.length = 0;
    root.later.length = 0;
  }

  /** Calls `record` when, and if, the request or job of a span is exported. */
  recordLater(span: object, record: () => void): void {
    const root = rootOf(span);
    if (root?.kept === undefined && root !== undefined && root.later.length < MAX_SPANS)
      root.later.push(record);
  }

  forceFlush(): Promise<void> {
    return Promise.resolve();
  }

  shutdown(): Promise<void> {
    return Promise.resolve();
  }
}

function rootOf(span: object): LocalRoot | undefined {
  return (span as { readonly [ROOT]?: LocalRoot })[ROOT];
}
