/** Passes requests through stacks of layers, without a network, in a thread so that other requests do not wait. */
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { parentPort, workerData } from 'node:worker_threads';
import express, { type Express, type RequestHandler } from 'express';

export interface CostJob {
  readonly layers: number;
}

/** Milliseconds per request, of the fastest round of each stack. */
export interface CostReport {
  readonly none: number;
  /** The same stack again: the difference is noise. */
  readonly control: number;
  readonly plain: number;
  readonly async: number;
  readonly heavy: number;
  /** What the heavy layer parses. */
  readonly heavyBytes: number;
}

const ROUNDS = 30;
const REQUESTS_PER_ROUND = 40;
const HEAVY_ROWS = 600;

const { layers } = workerData as CostJob;
const settings = JSON.stringify(
  Array.from({ length: HEAVY_ROWS }, (_, id) => ({ id, name: `name ${id}`, on: true })),
);

/** New functions for each layer, as of different packages: one function would be optimized for all. */
const createPlain = (): RequestHandler => (_req, _res, next) => next();
const createAsync = (): RequestHandler => async (_req, _res, next) => {
  await Promise.resolve();
  next();
};
const parseSettings: RequestHandler = (_req, res, next) => {
  res.locals['settings'] = JSON.parse(settings) as unknown;
  next();
};

const many = (create: () => RequestHandler) => Array.from({ length: layers }, create);
const stacks = {
  none: createApp([]),
  control: createApp([]),
  plain: createApp(many(createPlain)),
  async: createApp(many(createAsync)),
  heavy: createApp([parseSettings]),
};
const names = Object.keys(stacks) as (keyof typeof stacks)[];

function createApp(handlers: readonly RequestHandler[]): Express {
  const app = express();
  for (const handler of handlers) app.use(handler);
  app.use((_req, res) => void res.emit('handled'));
  return app;
}

async function send(app: Express): Promise<void> {
  const req = new IncomingMessage(new Socket());
  req.url = '/';
  req.method = 'GET';
  const res = new ServerResponse(req);
  await new Promise((resolve) => {
    res.once('handled', resolve);
    app(req as Parameters<Express>[0], res as Parameters<Express>[1]);
  });
}

const fastest = { none: Infinity, control: Infinity, plain: Infinity, async: Infinity, heavy: Infinity };
for (let round = 0; round < ROUNDS; round += 1) {
  // In turn, so that disturbances affect all alike.
  for (const name of names) {
    const startedAt = performance.now();
    for (let request = 0; request < REQUESTS_PER_ROUND; request += 1) await send(stacks[name]);
    fastest[name] = Math.min(fastest[name], (performance.now() - startedAt) / REQUESTS_PER_ROUND);
  }
}
const report: CostReport = { ...fastest, heavyBytes: Buffer.byteLength(settings) };
parentPort?.postMessage(report);
