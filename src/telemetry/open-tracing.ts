import type { Config } from '../config/core-variables.ts';
import type { TracingOptions } from './open-telemetry.ts';
import { noTracing, type Tracing } from './tracing.ts';

/** @returns where traces are sent; undefined if tracing is not configured */
export function tracesUrl(config: Config): string | undefined {
  if (config.OTEL_SDK_DISABLED === 'true') return undefined;
  const { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: url, OTEL_EXPORTER_OTLP_ENDPOINT: base } = config;
  if (url !== '') return url;
  // https://opentelemetry.io/docs/specs/otel/protocol/exporter/#endpoint-urls-for-otlphttp
  return base === '' ? undefined : `${base.replace(/\/$/, '')}/v1/traces`;
}

/** Starts tracing if the variables of OpenTelemetry configure it. */
export async function openTracing(options: TracingOptions): Promise<Tracing> {
  const url = tracesUrl(options.config);
  if (url === undefined) return noTracing;
  const { startTracing } = await import('./open-telemetry.ts');
  return startTracing(url, options);
}
