/** Fastify with plugins that do the same work, its own validation and serialization, and a buffered log. */
import { randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import compress from '@fastify/compress';
import helmet from '@fastify/helmet';
import rateLimit from '@fastify/rate-limit';
import underPressure from '@fastify/under-pressure';
import { Histogram, Registry } from '@prometheus-io/client';
import fastify, { type FastifyBaseLogger } from 'fastify';
import { destination, pino } from 'pino';
import { addTasks } from './fastify-tasks.ts';
import { histogramOptions, large, orderJsonSchema, printAddress, small } from '../payloads.ts';

const registry = new Registry();
const duration = new Histogram({ ...histogramOptions, registers: [registry] });
const sink = destination({ fd: 1, sync: false, minLength: 4_096 });
setInterval(() => sink.flush(), 100).unref();

const logger: FastifyBaseLogger = pino(sink);
const app = fastify({
  loggerInstance: logger,
  disableRequestLogging: true, // it writes two lines per request; the hook below writes one
  genReqId: (req) => (req.headers['x-request-id'] as string | undefined) ?? randomUUID(),
});
app.addHook('onRequest', async (request, reply) => {
  reply.header('X-Request-Id', request.id);
});
app.addHook('onResponse', async (request, reply) => {
  const route = request.routeOptions.url ?? 'none';
  const status = reply.statusCode;
  duration.observe({ method: request.method, route, status: String(status) }, reply.elapsedTime / 1000);
  request.log.info(
    { method: request.method, path: request.url, route, status, ms: reply.elapsedTime, ip: request.ip },
    'request',
  );
});
await app.register(helmet);
await app.register(underPressure, { maxEventLoopDelay: 1_000, maxEventLoopUtilization: 0.99 });
await app.register(rateLimit, { max: 10_000_000, timeWindow: 60_000, enableDraftSpec: true });
await app.register(compress);
// The plugin does not count requests for unknown paths by itself: https://github.com/fastify/fastify-rate-limit#preventing-guessing-of-urls-through-404s
app.setNotFoundHandler({ preHandler: app.rateLimit() }, async (_request, reply) =>
  reply.code(404).send({ error: 'not found' }),
);

const smallSchema = {
  type: 'object',
  properties: { message: { type: 'string' }, count: { type: 'integer' }, ok: { type: 'boolean' } },
};
const response = { 200: smallSchema };
app.get('/metrics', async () => registry.metrics());
app.get('/bench/small', { schema: { response } }, async () => small);
app.get('/bench/large', async () => large);
app.post<{ Body: { lines: unknown[] } }>(
  '/bench/orders',
  { schema: { body: orderJsonSchema } },
  async (request) => ({
    lines: request.body.lines.length,
  }),
);
const { DATABASE_URL } = process.env;
if (DATABASE_URL !== undefined) await addTasks(app, DATABASE_URL);
await app.listen({ host: '127.0.0.1', port: 0 });
printAddress((app.server.address() as AddressInfo).port);
