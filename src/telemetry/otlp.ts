/** OTLP in JSON: https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding */
import type { AttributeValue, HrTime } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';

type PlainAttributes = Readonly<Record<string, AttributeValue | undefined>>;

/**
 * `name=value` pairs, separated by commas, as in `OTEL_RESOURCE_ATTRIBUTES`. Values are percent-encoded:
 * https://opentelemetry.io/docs/specs/otel/resource/sdk/#specifying-resource-information-via-an-environment-variable
 */
export function readPairs(text: string): Record<string, string> {
  return Object.fromEntries(
    text
      .split(',')
      .map((pair) => pair.split(/=(.*)/s, 2).map((part) => decode(part.trim())))
      .filter(([name = '']) => name !== ''),
  ) as Record<string, string>;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a % that is only a %
  }
}

/** The body of one export. */
export function toOtlp(spans: readonly ReadableSpan[], resource: PlainAttributes): string {
  const scopes = Map.groupBy(spans, ({ instrumentationScope }) => instrumentationScope);
  return JSON.stringify({
    resourceSpans: [
      {
        resource: { attributes: toAttributes(resource) },
        scopeSpans: [...scopes].map(([{ name, version }, members]) => ({
          scope: { name, version },
          spans: members.map(toSpan),
        })),
      },
    ],
  });
}

/** Bits of the field `flags`: whether it is known that the parent is remote, and whether it is. */
const HAS_IS_REMOTE = 0x100;
const IS_REMOTE = 0x200;

function toSpan(span: ReadableSpan) {
  const { traceId, spanId, traceFlags } = span.spanContext();
  const parent = span.parentSpanContext;
  return {
    traceId,
    spanId,
    parentSpanId: parent?.spanId,
    flags: traceFlags | HAS_IS_REMOTE | (parent?.isRemote === true ? IS_REMOTE : 0),
    name: span.name,
    kind: span.kind + 1, // OTLP begins with "unspecified"
    startTimeUnixNano: toNanoseconds(span.startTime),
    endTimeUnixNano: toNanoseconds(span.endTime),
    attributes: toAttributes(span.attributes),
    droppedAttributesCount: span.droppedAttributesCount,
    events: span.events.map(({ name, time, attributes = {} }) => ({
      name,
      timeUnixNano: toNanoseconds(time),
      attributes: toAttributes(attributes),
    })),
    links: span.links.map(({ context, attributes = {} }) => ({
      traceId: context.traceId,
      spanId: context.spanId,
      attributes: toAttributes(attributes),
    })),
    status: span.status,
  };
}

/** Larger than a number holds exactly. */
function toNanoseconds([seconds, nanoseconds]: HrTime): string {
  return `${seconds}${String(nanoseconds).padStart(9, '0')}`;
}

function toAttributes(attributes: PlainAttributes) {
  return Object.entries(attributes).flatMap(([key, value]) =>
    value === undefined ? [] : [{ key, value: toValue(value) }],
  );
}

function toValue(value: AttributeValue): object {
  if (Array.isArray(value)) {
    return { arrayValue: { values: value.map((one) => toValue(one as AttributeValue)) } };
  }
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  return Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value };
}
