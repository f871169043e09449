import type { IncomingHttpHeaders } from 'node:http';
import { describe, expect, test } from '@jest/globals';
import { isAuthentic, signatureHeaders } from '../../src/tasks/signature.ts';
import type { Delivery } from '../../src/tasks/delivery.ts';
import type { Task } from '../../src/tasks/task.ts';
import { variables } from '../../src/tasks/variables.ts';
import { createTestApp } from '../support/app.ts';
import { until } from '../support/program.ts';
import { startReceiver } from '../support/receiver.ts';

const secret = 'a-secret-of-the-tests';
const traceId = '0af7651916cd43dd8448eb211c80319c';
const sets = [{ variables, load: () => import('../../src/tasks/create.ts') }];

describe('completing a task', () => {
  test('sends a signed webhook in the trace of the request, with retries that the task shows', async () => {
    const received: { status: number; headers: IncomingHttpHeaders; body: string }[] = [];
    await using receiver = await startReceiver({
      secret,
      failFirst: 1,
      onRequest: (status, headers, body) => received.push({ status, headers, body }),
    });
    const env = { JOBS: 'worker', WEBHOOK_URL: receiver.url, WEBHOOK_SECRET: secret };
    await using service = await createTestApp({ env, sets });
    const { client } = service;
    const created = (await client.post('/tasks').send({ title: 'Buy milk' }).expect(201)).body as Task;
    const list = async () =>
      ((await client.get(`/tasks/${created.id}/deliveries`).expect(200)).body as { items: Delivery[] }).items;
    expect(await list()).toEqual([]);
    const put = (version: number, done: boolean) =>
      client
        .put(`/tasks/${created.id}`)
        .set({ 'If-Match': `"${version}"`, traceparent: `00-${traceId}-b7ad6b7169203331-01` })
        .send({ title: 'Buy milk', done });
    await put(1, true).expect(200);
    await put(2, true).expect(200); // it was done before

    const retried = await until('the failed attempt', async () => {
      const [first] = await list();
      return first?.attempts === 1 && first.nextAttemptAt !== undefined ? first : undefined;
    });
    expect(retried).toMatchObject({ state: 'pending', lastStatus: 503 });
    const delivered = await until('the delivery', async () => {
      const [first] = await list();
      return first?.state === 'delivered' ? first : undefined;
    });
    expect(delivered).toMatchObject({ attempts: 2, lastStatus: 204 });
    expect(await list()).toHaveLength(1);
    expect(received.map(({ status }) => status)).toEqual([503, 204]);
    expect(new Set(received.map(({ headers }) => headers['webhook-id']))).toEqual(new Set([delivered.id]));
    const spans = received.map(({ headers }) => String(headers['traceparent']));
    expect(spans).toEqual([expect.stringContaining(traceId), expect.stringContaining(traceId)]);
    expect(new Set(spans).size).toBe(2);
    expect(JSON.parse(received[0]?.body ?? '')).toMatchObject({
      type: 'task.completed',
      data: { id: created.id, done: true },
    });
  });
});

describe('a signature', () => {
  const webhook = { id: 'an-id', body: '{}' };

  test('is valid for its secret, its body and a few minutes only', () => {
    const now = Date.now();
    const headers = signatureHeaders(webhook, secret, now);
    expect(isAuthentic(headers, webhook.body, secret, now)).toBe(true);
    expect(isAuthentic(headers, '{"a":1}', secret, now)).toBe(false);
    expect(isAuthentic(headers, webhook.body, `${secret}2`, now)).toBe(false);
    expect(isAuthentic(headers, webhook.body, secret, now + 10 * 60_000)).toBe(false);
    expect(isAuthentic({}, webhook.body, secret, now)).toBe(false);
  });
});
