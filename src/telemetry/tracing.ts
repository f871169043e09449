/** Spans of what a request or a job does. Without configuration nothing is recorded, and OpenTelemetry is not loaded. */

/** A place in a trace, as `http/trace-context.ts` reads and sends it. */
export interface TracePosition {
  readonly traceId: string;
  /** The span that caused this one, in another process. */
  readonly parentId?: string;
  /** Two hexadecimal digits. */
  readonly traceFlags?: string;
  /** The span of this process. */
  readonly spanId?: string;
}

export type SpanAttributes = Readonly<Record<string, string | number | boolean | undefined>>;

export interface SpanOptions {
  readonly kind?: 'internal' | 'server' | 'client' | 'producer' | 'consumer';
  readonly attributes?: SpanAttributes;
  /** When it began, on the clock of `performance.now()`; defaults to now. */
  readonly startedAt?: number;
}

export interface SpanEnd {
  /** A short word for what went wrong: a code, or the name of the error. Without it the span has not failed. */
  readonly errorType?: string | undefined;
  /** Called only if the span is recorded. */
  readonly describe?: () => {
    /** Replaces the name, if it is known only now. */
    readonly name?: string;
    readonly attributes?: SpanAttributes;
  };
}

export interface OpenSpan {
  /** Undefined if nothing is recorded. */
  readonly id: string | undefined;
  /** Runs a function in this span: spans that begin in it are its children. */
  run<T>(work: () => T): T;
  set(attributes: SpanAttributes): void;
  /** A span that is never ended is not exported. */
  end(end?: SpanEnd): void;
}

export interface Tracing {
  readonly on: boolean;
  /**
   * Begins the span of a request or a job: the first one of its trace in this process. When it ends, it is decided
   * whether its trace is exported.
   */
  root(name: string, position: TracePosition, options?: SpanOptions): OpenSpan;
  /** Begins a child of the current span. Outside a request or a job it records nothing. */
  begin(name: string, options?: SpanOptions): OpenSpan;
  /** Runs `work` in a child of the current span, which has failed if `work` rejects. */
  span<T>(name: string, options: SpanOptions, work: (span: OpenSpan) => Promise<T>): Promise<T>;
  /** Records a wait that is over as a child of the current span. It costs little if the trace is not exported. */
  waited(name: string, startedAt: number, end?: SpanEnd): void;
  /** The current span; undefined outside one, or if nothing is recorded. */
  current(): TracePosition | undefined;
  /** Exports what is left, until the deadline at most. */
  close(deadline: AbortSignal): Promise<void>;
}

export const noSpan: OpenSpan = {
  id: undefined,
  run: (work) => work(),
  set: () => undefined,
  end: () => undefined,
};

/** Records nothing. */
export const noTracing: Tracing = {
  on: false,
  root: () => noSpan,
  begin: () => noSpan,
  span: (_name, _options, work) => work(noSpan),
  waited: () => undefined,
  current: () => undefined,
  close: () => Promise.resolve(),
};

/** @returns a short word for an error: its code, or its name. Its message may contain values. */
export function errorTypeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  const { code } = error as { readonly code?: unknown };
  return typeof code === 'string' ? code : error.name;
}
