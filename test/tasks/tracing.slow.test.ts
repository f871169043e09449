/** Traces of the real program, as a receiver in a process of its own gets them. */
import { describe, expect, test } from '@jest/globals';
import pg from 'pg';
import { createTestDatabase } from '../support/database.ts';
import { hasEdge } from '../support/edge.ts';
import { Program, until } from '../support/program.ts';
import { hasRedis, RedisServer } from '../support/redis-server.ts';
import { SpanReceiver } from '../support/span-receiver.ts';
import { recordOneTrace } from './one-trace.ts';

// npm has no nginx to install; .ci/run installs Debian's.
const withEdge = hasEdge ? test : test.skip;

withEdge(
  'one request is one trace, from the client through the edge to the job and its webhook',
  async () => {
    const { client, spans, webhookTraceparent, lines } = await recordOneTrace();
    const named = (name: string) => {
      const found = spans.filter((span) => span.name === name);
      expect(found).toHaveLength(1);
      return found[0] as (typeof spans)[number];
    };
    const server = named('PUT /tasks/:id');
    const sent = named('send send-webhook');
    const processed = named('process send-webhook');
    const webhook = named('POST');
    const kinds = [server, sent, processed, webhook].map(({ kind }) => kind);
    expect(kinds).toEqual([2, 4, 5, 3]);
    expect(server.parentSpanId).toBe(client.spanId);
    expect(sent.parentSpanId).toBe(server.spanId);
    expect(processed.parentSpanId).toBe(sent.spanId);
    expect(webhook.parentSpanId).toBe(processed.spanId);
    expect(webhookTraceparent).toBe(`00-${client.traceId}-${webhook.spanId}-01`);

    // Every other span is a child of one of them.
    const ids = new Set(spans.map(({ spanId }) => spanId));
    expect(spans.filter((span) => span !== server && !ids.has(span.parentSpanId ?? ''))).toEqual([]);
    expect(named('rate limit').parentSpanId).toBe(server.spanId);
    expect(named('insert-delivery')).toMatchObject({
      kind: 3,
      attributes: { 'db.system.name': 'postgresql', 'db.operation.name': 'INSERT' },
    });
    for (const span of spans) {
      const text = JSON.stringify(span.attributes);
      expect(text).not.toContain('Follow one request'); // a value, not a part of the statement
      expect(span.endMs).toBeGreaterThanOrEqual(span.startMs);
      expect(span.resource).toMatchObject({ 'service.name': 'tasks' });
    }
    expect(server.attributes).toMatchObject({
      'http.request.method': 'PUT',
      'http.route': '/tasks/:id',
      'http.response.status_code': 200,
      'url.scheme': 'https',
      'client.address': '127.0.0.1',
    });

    // The log has the ids of the spans.
    expect(lines.find(({ event }) => event === 'request')).toMatchObject({ spanId: server.spanId });
    expect(lines.find(({ event }) => event === 'job')).toMatchObject({ spanId: processed.spanId });
  },
  120_000,
);

const withRedis = hasRedis ? test : test.skip;

withRedis('a single process records its waits for Redis', async () => {
  await using redis = await RedisServer.start();
  await using receiver = await SpanReceiver.start();
  await using program = await Program.start({
    WORKERS: '0',
    REDIS_URL: redis.url,
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
  });
  await program.get('/tasks');
  await program.stop(); // exports what waits for more
  const spans = await receiver.spans();
  const request = spans.find(({ name }) => name === 'GET /tasks');
  expect(request).toBeDefined();
  const children = spans.filter(({ parentSpanId }) => parentSpanId === request?.spanId);
  const names = children.map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(['EVALSHA count-hits', 'rate limit', 'list-tasks']));
});

describe('with a sampler that chooses nothing', () => {
  test('a failed request is kept with its spans, and others are not', async () => {
    await using own = await createTestDatabase();
    await using receiver = await SpanReceiver.start();
    await using program = await Program.start({
      ...own.environment,
      WORKERS: '1',
      DATABASE_STATEMENT_TIMEOUT_MS: '300',
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${receiver.url}/v1/traces`,
      OTEL_TRACES_SAMPLER: 'always_off',
      OTEL_BSP_SCHEDULE_DELAY: '50',
      TRACING_SLOW_MS: '0',
    });
    expect((await program.get('/tasks')).status).toBe(200);
    const client = new pg.Client({ connectionString: own.url });
    await client.connect();
    await client.query('begin; lock table tasks');
    expect((await program.get('/tasks')).status).toBeGreaterThanOrEqual(500);
    await client.end();
    expect((await program.get('/tasks')).status).toBe(200);
    const spans = await until('the failed request', async () => {
      const received = await receiver.spans();
      return received.length > 0 ? received : undefined;
    });
    await program.stop(); // exports the rest
    const all = await receiver.spans();
    expect(all.length).toBe(spans.length);
    expect(new Set(all.map(({ traceId }) => traceId)).size).toBe(1);
    // The caller sent no trace: its id is the one that the log has.
    const [line] = program.lines.filter(({ event, status }) => event === 'request' && Number(status) >= 500);
    expect(line?.['traceId']).toBe(all[0]?.traceId);
    const failed = all.filter((span) => span.failed).map(({ name }) => name);
    expect(failed).toEqual(expect.arrayContaining(['GET /tasks', 'list-tasks']));
    // It was not sampled, so its flags do not say so.
    expect(all.map(({ flags }) => flags & 1)).toEqual(all.map(() => 0));
  });
});
