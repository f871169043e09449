import { subscribe, tracingChannel, unsubscribe } from 'node:diagnostics_channel';
import { describe, expect, test } from '@jest/globals';
import compression from 'compression';
import express from 'express';
import { rateLimit } from 'express-rate-limit';
import morgan from 'morgan';
import { conclude as concludeCost, type Result as Cost } from '../../src/demos/middleware/cost.ts';
import { kinds, nameLayer } from '../../src/demos/middleware/kinds.ts';
import { useTestApp } from '../support/use-test-app.ts';

interface OrderResult {
  readonly layers: readonly {
    readonly layer: string;
    readonly kind: string;
    readonly from: string;
    readonly tookMs: number;
  }[];
  readonly slowest: string;
  readonly layersByKind: Readonly<Record<string, number>>;
  readonly passedOver: readonly string[];
  readonly totalMs: number;
}

const service = await useTestApp();

async function order(): Promise<OrderResult> {
  const response = await service.client.get('/demos/middleware/order').expect(200);
  return (response.body as { result: OrderResult }).result;
}

describe('middleware/order', () => {
  test('lists the layers in the order of the app, from the first request on', async () => {
    const names = (await order()).layers.map(({ layer }) => layer);
    const expected = ['secureHeaders', 'requestTarget', 'compression', 'rateLimit', 'overload'];

    expect(names.filter((name) => expected.includes(name))).toEqual(expected);
    expect(names.slice(-5)).toEqual(['handle', 'jsonParser', 'failOnPurpose', 'recover', 'afterRecovery']);
  });

  test('lists a layer of every kind, with durations that add up to the total', async () => {
    const { layers, layersByKind, passedOver, totalMs } = await order();
    const sum = layers.reduce((total, { tookMs }) => total + tookMs, 0);

    for (const kind of kinds) expect(layersByKind[kind]).toBeGreaterThan(0);
    expect(passedOver).toEqual(['neverReached']);
    expect(Math.abs(sum - totalMs)).toBeLessThan(0.1);
  });

  test('marks its own handler and does not call it the slowest layer', async () => {
    const { layers, slowest } = await order();
    const own = layers.filter(({ from }) => from === 'the handler of this demo').map(({ layer }) => layer);
    const others = layers.filter(({ from }) => from !== 'the handler of this demo');

    expect(own).toEqual(['handle']);
    expect(others.find(({ layer }) => layer === slowest)?.tookMs).toBe(
      Math.max(...others.map(({ tookMs }) => tookMs)),
    );
  });

  test('keeps the layers of concurrent requests apart', async () => {
    const alone = (await order()).layers.length;
    const together = await Promise.all([order(), order(), service.client.get('/livez'), order()]);

    for (const result of together) if ('layers' in result) expect(result.layers).toHaveLength(alone);
  });

  test('subscribes to the router only while a traced request runs', async () => {
    const router = tracingChannel('express.router.request');
    const subscribed: boolean[] = [];
    const onFinish = () => subscribed.push(router.start.hasSubscribers);
    subscribe('http.server.response.finish', onFinish);
    await service.client.get('/livez').expect(200);
    await order();
    unsubscribe('http.server.response.finish', onFinish);
    await new Promise((resolve) => setTimeout(resolve, 20));

    expect(subscribed).toEqual([false, true]);
    expect(router.start.hasSubscribers).toBe(false);
  });

  test('recognizes the layers of packages by the names that the packages give them', () => {
    const app = express();
    const kindOf = (handler: unknown) =>
      nameLayer({ layer: {}, handler: handler as () => void, errorHandler: false }, app);

    expect(kindOf(morgan('dev'))).toMatchObject({ kind: 'third-party', from: 'morgan' });
    expect(kindOf(compression())).toMatchObject({ kind: 'third-party', from: 'compression' });
    expect(kindOf(rateLimit({ validate: false }))).toMatchObject({
      kind: 'third-party',
      from: 'express-rate-limit',
    });
    for (const [name, layer] of Object.entries({
      'express.json': express.json(),
      'express.urlencoded': express.urlencoded(),
      'express.text': express.text(),
      'express.raw': express.raw(),
      'express.static': express.static('.'),
    })) {
      expect(kindOf(layer)).toMatchObject({ kind: 'built-in', from: name });
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

  test('does not run the layers after one that responds', async () => {
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

describe('middleware/cost', () => {
  test('a layer that parses costs as much as many that only call next', async () => {
    const response = await service.client.get('/demos/middleware/cost?layers=200').expect(200);
    const { stacks } = (response.body as { readonly result: Cost }).result;
    const [none, plain, awaiting, heavy] = stacks.map(({ addedNs }) => addedNs);

    expect(none).toBe(0);
    expect(plain).toBeGreaterThan(0);
    expect(awaiting).toBeGreaterThan(0);
    // One against two hundred.
    expect(heavy).toBeGreaterThan((10 * (plain ?? NaN)) / 200);
  });

  test('the lesson claims nothing if the layers cost less than two runs of one stack differ', () => {
    const row = { stack: 'any', layers: 50, perRequestNs: 5_000 };
    const result = (noiseNs: number): Cost => ({
      stacks: [
        { ...row, layers: 0, addedNs: 0 },
        { ...row, addedNs: 10_000 },
        { ...row, addedNs: 20_000 },
        { ...row, layers: 1, addedNs: 100_000 },
      ],
      noiseNs,
    });

    expect(concludeCost(result(5_000)).headline).toMatch(/^This run does not tell/);
    expect(concludeCost(result(10))).toMatchObject({
      headline: 'One heavy layer cost 500× as much as an empty one',
      text: expect.stringContaining('That is 200 ns for each layer'),
    });
  });
});
