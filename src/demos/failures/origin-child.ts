/**
 * A service with the error handler of this one and a single way to handle an error: `node origin-child.ts throw wrong`.
 * It logs to standard output, and reports its port.
 */
import express, { type Response } from 'express';
import process from 'node:process';
import { pino } from 'pino';
import { createErrorHandler } from '../../layers/error-handler.ts';
import { origins, type OriginName } from './origins.ts';

const [, , origin, way] = process.argv as [string, string, OriginName, 'right' | 'wrong'];

const app = express();
const bystanders: Response[] = [];
app.get('/bystander', (_req, res) => {
  bystanders.push(res);
  process.send?.({ waiting: true });
});
app.get('/release', (_req, res) => {
  for (const bystander of bystanders) bystander.end('served');
  res.end();
});
app.get('/fail', (_req, res) => origins[origin][way](res));
app.use(createErrorHandler({ log: pino() }));

const server = app.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (typeof address === 'object' && address !== null) process.send?.({ port: address.port });
});
