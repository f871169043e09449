/** Express with the usual middleware, each configured as in its README. */
import { randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { Histogram, Registry } from '@prometheus-io/client';
import compression from 'compression';
import express from 'express';
import { rateLimit } from 'express-rate-limit';
import helmet from 'helmet';
import morgan from 'morgan';
import { pino } from 'pino';
import { histogramOptions, large, orderSchema, printAddress, small } from '../payloads.ts';

const registry = new Registry();
const duration = new Histogram({ ...histogramOptions, registers: [registry] });
const log = pino();

const app = express();
app.use((req, res, next) => {
  res.setHeader('X-Request-Id', req.get('x-request-id') ?? randomUUID());
  next();
});
app.use(morgan('combined', { stream: { write: (line) => log.info(line.trim()) } }));
app.use((req, res, next) => {
  const end = duration.startTimer();
  res.on('finish', () => {
    end({
      method: req.method,
      route: (req.route as { path: string } | undefined)?.path ?? 'none',
      status: String(res.statusCode),
    });
  });
  next();
});
app.use(helmet());
app.use(compression());
app.use(rateLimit({ windowMs: 60_000, limit: 10_000_000, standardHeaders: 'draft-8', legacyHeaders: false }));
app.use(express.json());

app.get('/metrics', async (_req, res) => {
  res.type('text').send(await registry.metrics());
});
app.get('/bench/small', (_req, res) => void res.json(small));
app.get('/bench/large', (_req, res) => void res.json(large));
app.post('/bench/orders', (req, res) => {
  res.json({ lines: orderSchema.parse(req.body).lines.length });
});
app.use((_req, res) => {
  res.status(404).json({ error: 'not found' });
});
// The READMEs listen without a host, so on IPv6 and IPv4, and IPv4 clients have addresses of this form. This one stays
// on the loopback interface.
const server = app.listen(0, '::ffff:127.0.0.1', () => printAddress((server.address() as AddressInfo).port));
