import { subscribe, tracingChannel, unsubscribe } from 'node:diagnostics_channel';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import compression from 'compression';
import express from 'express';
import { rateLimit } from 'express-rate-limit';
import morgan from 'morgan';
import { kinds, nameLayer } from '../../src/demos/middleware/kinds.ts';
import { createTestApp, type TestApp } from '../support/app.ts';

interface OrderResult {
  readonly layers: readonly { readonly layer: string; readonly kind: string; readonly tookMs: number }[];
  readonly layersByKind: Readonly<Record<string, number>>;
  readonly passedOver: readonly string[];
  readonly totalMs: number;
}

let service: TestApp;
beforeAll(async () => {
  service = await createTestApp({ env: { OVERLOAD_MAX_DELAY_MS: '0' } });
});
afterAll(async () => {
  await service[Symbol.asyncDispose]();
});

async function order(): Promise<OrderResult> {
  const response = await service.client.get('/demos/middleware/order').expect(200);
  return (response.body as { result: OrderResult }).result;
}

describe('middleware/order', () => {
  test('the very first request shows the layers of the app in the order of the app', async () => {
    const names = (await order()).layers.map(({ layer }) => layer);
    const expected = ['security', 'requestTarget', 'compression', 'rateLimit', 'overload'];

    expect(names.filter((name) => expected.includes(name))).toEqual(expected);
    expect(names.slice(-5)).toEqual(['handle', 'jsonParser', 'failOnPurpose', 'recover', 'afterRecovery']);
  });

  test('a layer of every kind is there, and the times add up', async () => {
    const { layers, layersByKind, passedOver, totalMs } = await order();
    const sum = layers.reduce((total, { tookMs }) => total + tookMs, 0);

    for (const kind of kinds) expect(layersByKind[kind]).toBeGreaterThan(0);
    expect(passedOver).toEqual(['neverReached']);
    expect(Math.abs(sum - totalMs)).toBeLessThan(0.1);
  });

  test('requests at the same time do not see the layers of each other', async () => {
    const alone = (await order()).layers.length;
    const together = await Promise.all([order(), order(), service.client.get('/livez'), order()]);

    for (const one of together) if ('layers' in one) expect(one.layers).toHaveLength(alone);
  });

  test('nobody listens to the router but while such a request runs', async () => {
    const router = tracingChannel('express.router.request');
    const listened: boolean[] = [];
    const note = () => listened.push(router.start.hasSubscribers);
    subscribe('http.server.response.finish', note);
    await service.client.get('/livez').expect(200);
    await order();
    unsubscribe('http.server.response.finish', note);
    await new Promise((resolve) => setTimeout(resolve, 20));

    expect(listened).toEqual([false, true]);
    expect(router.start.hasSubscribers).toBe(false);
  });

  test('the names by which layers of packages are known are those the packages give', () => {
    const app = express();
    const kindOf = (handler: unknown) =>
      nameLayer({ layer: {}, handler: handler as () => void, errorHandler: false }, app);

    expect(kindOf(morgan('dev'))).toMatchObject({ kind: 'third-party', from: 'morgan' });
    expect(kindOf(compression())).toMatchObject({ kind: 'third-party', from: 'compression' });
    expect(kindOf(rateLimit({ validate: false }))).toMatchObject({
      kind: 'third-party',
      from: 'express-rate-limit',
    });
    for (const [name, made] of Object.entries({
      'express.json': express.json(),
      'express.urlencoded': express.urlencoded(),
      'express.text': express.text(),
      'express.raw': express.raw(),
      'express.static': express.static('.'),
    })) {
      expect(kindOf(made)).toMatchObject({ kind: 'built-in', from: name });
    }
    expect(kindOf(express.Router())).toMatchObject({ kind: 'router' });
  });
});

describe('middleware/short-circuit', () => {
  interface Row {
    readonly status: number;
    readonly answeredBy: string;
    readonly layers: readonly { readonly layer: string; readonly ran: boolean }[];
    readonly outerSawTheEnd: boolean;
  }

  async function run(stop: boolean) {
    const response = await service.client.get(`/demos/middleware/short-circuit?stop=${stop}`).expect(200);
    const result = (response.body as { result: Row }).result;
    return { ...result, ran: result.layers.filter(({ ran }) => ran).map(({ layer }) => layer) };
  }

  test('layers behind one that answers do not run', async () => {
    expect(await run(true)).toMatchObject({
      status: 403,
      answeredBy: 'gate',
      ran: ['outer', 'gate'],
      outerSawTheEnd: true,
    });
    expect(await run(false)).toMatchObject({
      status: 200,
      answeredBy: 'handler',
      ran: ['outer', 'gate', 'behind', 'handler'],
    });
  });
});
