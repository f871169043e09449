/** One request, from a client through the edge to a worker, the database, a job and its webhook. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Task } from '../../src/tasks/task.ts';
import { startReceiver } from '../support/receiver.ts';
import { createOwnResources } from '../support/resources.ts';
import { Edge } from '../support/edge.ts';
import { Http2Client } from '../support/http2-client.ts';
import { Program, until } from '../support/program.ts';
import { SpanReceiver, type ReceivedSpan } from '../support/span-receiver.ts';

const KEY = 'a-key-of-the-receiver';
const SECRET = 'a-secret-of-the-tests';

export interface OneTrace {
  /** The span of the client that sent the request. */
  readonly client: { readonly traceId: string; readonly spanId: string };
  /** Those of the trace, by their start. */
  readonly spans: readonly ReceivedSpan[];
  /** What the webhook's receiver got. */
  readonly webhookTraceparent: string;
  readonly lines: readonly Record<string, unknown>[];
}

/** Completes a task in a trace of the client's own, and returns that trace when the webhook has arrived. */
export async function recordOneTrace(): Promise<OneTrace> {
  const folder = await mkdtemp(join(tmpdir(), 'trace-'));
  await using own = await createOwnResources();
  await using spans = await SpanReceiver.start({ key: KEY });
  let webhookTraceparent = '';
  await using webhooks = await startReceiver({
    secret: SECRET,
    onRequest: (_status, { traceparent }) => (webhookTraceparent = String(traceparent)),
  });
  await using program = await Program.start({
    ...own.environment,
    TRUST_PROXY: 'loopback',
    WEBHOOK_URL: webhooks.url,
    WEBHOOK_SECRET: SECRET,
    OTEL_EXPORTER_OTLP_ENDPOINT: spans.url,
    OTEL_EXPORTER_OTLP_HEADERS: `x-key=${KEY}`,
    OTEL_BSP_SCHEDULE_DELAY: '100',
    OTEL_SERVICE_NAME: 'tasks',
  });
  try {
    await using edge = await Edge.start(folder, [program.url]);
    using client = new Http2Client(edge.url, edge.certificate);
    const json = { 'content-type': 'application/json' };
    const created = await client.send({
      path: '/tasks',
      method: 'POST',
      headers: json,
      body: JSON.stringify({ title: 'Follow one request' }),
    });
    const { id } = JSON.parse(created.text) as Task;
    const [traceId, spanId] = [randomBytes(16).toString('hex'), randomBytes(8).toString('hex')];
    await client.send({
      path: `/tasks/${id}`,
      method: 'PUT',
      headers: { ...json, 'if-match': '"1"', traceparent: `00-${traceId}-${spanId}-01` },
      body: JSON.stringify({ title: 'Follow one request', done: true }),
    });
    await until('the webhook', () => webhookTraceparent || undefined);
    const names = ['PUT /tasks/:id', 'send send-webhook', 'process send-webhook', 'POST'];
    const trace = await spans.trace(traceId, names);
    const lines = program.lines.filter((line) => line['traceId'] === traceId);
    return { client: { traceId, spanId }, spans: trace, webhookTraceparent, lines };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
