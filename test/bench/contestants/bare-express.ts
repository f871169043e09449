/** Express without middleware. */
import type { AddressInfo } from 'node:net';
import express from 'express';
import { large, printAddress, small } from '../payloads.ts';

const app = express();
app.get('/bench/small', (_req, res) => void res.json(small));
app.get('/bench/large', (_req, res) => void res.json(large));
app.post('/bench/orders', express.json(), (req, res) => {
  res.json({ lines: (req.body as { lines: unknown[] }).lines.length });
});
const server = app.listen(0, '127.0.0.1', () => printAddress((server.address() as AddressInfo).port));
