/**
 * A receiver of traces in a process of its own: OTLP over HTTP, in JSON. It refuses what is not valid, and returns the
 * spans that it has. `MODE=hang` accepts connections and never responds.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import process from 'node:process';
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import type { ReceivedSpan } from './span-receiver.ts';

const value = z.union([
  z.strictObject({ stringValue: z.string() }),
  z.strictObject({ intValue: z.string().regex(/^-?\d+$/) }),
  z.strictObject({ doubleValue: z.number() }),
  z.strictObject({ boolValue: z.boolean() }),
]);
const plain = (given: z.output<typeof value>): string | number | boolean | undefined =>
  'intValue' in given
    ? Number(given.intValue)
    : Object.values(given as Record<string, string | number | boolean>)[0];
const attributes = z
  .array(z.strictObject({ key: z.string().min(1), value }))
  .transform((list) => Object.fromEntries(list.map((one) => [one.key, plain(one.value)])));
const spanId = z.string().regex(/^(?!0{16})[0-9a-f]{16}$/);
const nanoseconds = z
  .string()
  .regex(/^\d{19}$/)
  .transform((digits) => Number(BigInt(digits) / 1_000n) / 1_000);
const span = z.strictObject({
  traceId: z.string().regex(/^(?!0{32})[0-9a-f]{32}$/),
  spanId,
  parentSpanId: spanId.optional(),
  flags: z.int(),
  name: z.string().min(1),
  kind: z.int().min(1).max(5),
  startTimeUnixNano: nanoseconds,
  endTimeUnixNano: nanoseconds,
  attributes,
  droppedAttributesCount: z.int(),
  events: z.array(z.unknown()),
  links: z.array(z.unknown()),
  status: z.strictObject({ code: z.int().min(0).max(2), message: z.string().optional() }),
});
const body = z.strictObject({
  resourceSpans: z.array(
    z.strictObject({
      resource: z.strictObject({ attributes }),
      scopeSpans: z.array(
        z.strictObject({
          scope: z.strictObject({ name: z.string(), version: z.string().optional() }),
          spans: z.array(span),
        }),
      ),
    }),
  ),
});

const spans: ReceivedSpan[] = [];
const server = createServer((req, res) => {
  const respond = (status: number, content: unknown) =>
    res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(content));
  if (req.method === 'GET') {
    respond(200, spans);
    return;
  }
  void text(req).then((received) => {
    if (process.env['MODE'] === 'hang') return;
    const parsed = body.safeParse(JSON.parse(received));
    if (req.url !== '/v1/traces' || req.headers['x-key'] !== process.env['KEY'] || !parsed.success) {
      process.stderr.write(`${req.url} ${parsed.error?.message}\n`);
      respond(400, {});
      return;
    }
    for (const { resource, scopeSpans } of parsed.data.resourceSpans) {
      for (const one of scopeSpans.flatMap((scope) => scope.spans)) {
        const { startTimeUnixNano: startMs, endTimeUnixNano: endMs, status, ...rest } = one;
        spans.push({ ...rest, startMs, endMs, failed: status.code === 2, resource: resource.attributes });
      }
    }
    respond(200, { partialSuccess: {} });
  });
});
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
process.once('disconnect', () => process.exit());
