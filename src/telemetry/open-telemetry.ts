/** Tracing with the SDK of OpenTelemetry. Loaded only if it is configured. */
import { hostname } from 'node:os';
import process from 'node:process';
import {
  context,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  TraceFlags,
  type Context,
  type Span,
} from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  createAlwaysRecordSampler,
  RandomIdGenerator,
  TracerProvider,
  type IdGenerator,
} from '@opentelemetry/sdk-trace';
import type { Counter } from '@prometheus-io/client';
import type { Logger } from 'pino';
import type { Config } from '../config/core-variables.ts';
import { readPairs } from './otlp.ts';
import { createSampler } from './sampler.ts';
import { SpanExport } from './span-export.ts';
import { TailSampling } from './tail-sampling.ts';
import {
  errorTypeOf,
  noSpan,
  type OpenSpan,
  type SpanEnd,
  type SpanOptions,
  type Tracing,
} from './tracing.ts';

const kinds = {
  internal: SpanKind.INTERNAL,
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
} as const;

/** The longest time that a shutdown waits for the receiver of spans. */
const FLUSH_TIMEOUT_MS = 2_000;

export interface TracingOptions {
  readonly config: Config;
  readonly log: Logger;
  /** Counts the spans by what became of them. */
  readonly spans: Counter<'outcome'>;
  readonly name: string;
  readonly version: string;
  /** The cluster id of this worker; 0 without a cluster. */
  readonly worker: number;
}

/** Registers a provider, so that instrumented libraries join in. */
export function startTracing(
  url: string,
  { config, log, spans, name, version, worker }: TracingOptions,
): Tracing {
  const exporter = new SpanExport({
    url,
    headers: readPairs(config.OTEL_EXPORTER_OTLP_HEADERS),
    timeoutMs: config.OTEL_EXPORTER_OTLP_TIMEOUT,
    delayMs: config.OTEL_BSP_SCHEDULE_DELAY,
    resource: {
      'service.name': name,
      'service.version': version,
      'service.instance.id': `${hostname()}:${process.pid}`,
      'host.name': hostname(),
      'process.pid': process.pid,
      'telemetry.sdk.language': 'nodejs',
      'telemetry.sdk.name': 'opentelemetry',
      ...(worker === 0 ? {} : { 'service.worker': worker }),
      ...readPairs(config.OTEL_RESOURCE_ATTRIBUTES),
      ...(config.OTEL_SERVICE_NAME === '' ? {} : { 'service.name': config.OTEL_SERVICE_NAME }),
    },
    log,
    spans,
  });
  const tail = new TailSampling({ export: exporter, slowMs: config.TRACING_SLOW_MS, spans });
  const ids = new GivenTraceId();
  const provider = new TracerProvider({
    // Records every span: whether it is exported is decided when its request or job has ended.
    sampler: createAlwaysRecordSampler(createSampler(config)),
    idGenerator: ids,
    spanProcessors: [tail],
  });
  const contexts = new AsyncLocalStorageContextManager().enable();
  context.setGlobalContextManager(contexts);
  trace.setGlobalTracerProvider(provider);
  const tracer = provider.getTracer(name, version);

  function start(spanName: string, parent: Context, options: SpanOptions, isRoot = false): OpenSpan {
    const { kind = 'internal', attributes, startedAt = performance.now() } = options;
    // With a time of its own: the SDK would otherwise round the end to milliseconds.
    const given = { kind: kinds[kind], startTime: startedAt };
    const span = tracer.startSpan(
      spanName,
      attributes === undefined ? given : { ...given, attributes },
      parent,
    );
    return {
      id: span.spanContext().spanId,
      run: (work) => contexts.with(trace.setSpan(parent, span), work),
      set: (more) => void span.setAttributes(more),
      end(end = {}) {
        const endedAt = performance.now();
        const failed = end.errorType !== undefined;
        // Most requests are not exported: what only their spans would have is not computed.
        if (isRoot && !tail.keeps(span.spanContext(), failed, endedAt - startedAt)) tail.discard(span);
        else finish(span, endedAt, end);
      },
    };
  }

  function finish(span: Span, endedAt: number, { errorType, describe }: SpanEnd): void {
    const { name: finalName, attributes } = describe?.() ?? {};
    if (finalName !== undefined) span.updateName(finalName);
    if (attributes !== undefined) span.setAttributes(attributes);
    if (errorType !== undefined) {
      span.setAttribute('error.type', errorType).setStatus({ code: SpanStatusCode.ERROR });
    }
    span.end(endedAt);
  }

  const tracing: Tracing = {
    on: true,
    root(spanName, position, options = {}) {
      if (position.parentId === undefined) {
        ids.next = position.traceId;
        return start(spanName, ROOT_CONTEXT, options, true);
      }
      const parent = trace.setSpanContext(ROOT_CONTEXT, {
        traceId: position.traceId,
        spanId: position.parentId,
        traceFlags: Number.parseInt(position.traceFlags ?? '00', 16) & TraceFlags.SAMPLED,
        isRemote: true,
      });
      return start(spanName, parent, options, true);
    },
    begin(spanName, options = {}) {
      const parent = contexts.active();
      return trace.getSpan(parent) === undefined ? noSpan : start(spanName, parent, options);
    },
    async span(spanName, options, work) {
      const span = tracing.begin(spanName, options);
      try {
        const result = await span.run(() => work(span));
        span.end();
        return result;
      } catch (error) {
        span.end({ errorType: errorTypeOf(error) });
        throw error;
      }
    },
    waited(spanName, startedAt, end = {}) {
      const endedAt = performance.now();
      const parent = contexts.active();
      const span = trace.getSpan(parent);
      if (span === undefined) return;
      tail.recordLater(span, () =>
        finish(tracer.startSpan(spanName, { startTime: startedAt }, parent), endedAt, end),
      );
    },
    current() {
      const current = trace.getSpan(contexts.active())?.spanContext();
      if (current === undefined) return undefined;
      const { traceId, spanId, traceFlags } = current;
      return { traceId, spanId, traceFlags: traceFlags.toString(16).padStart(2, '0') };
    },
    async close(deadline) {
      await exporter.close(AbortSignal.any([deadline, AbortSignal.timeout(FLUSH_TIMEOUT_MS)]));
      context.disable();
      trace.disable();
    },
  };
  return tracing;
}

/** Gives the next trace the id that the request already has. */
class GivenTraceId implements IdGenerator {
  next: string | undefined;
  readonly #random = new RandomIdGenerator();

  generateTraceId(): string {
    const given = this.next ?? this.#random.generateTraceId();
    this.next = undefined;
    return given;
  }

  generateSpanId(): string {
    return this.#random.generateSpanId();
  }
}
