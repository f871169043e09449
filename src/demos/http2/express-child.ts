/** A server that responds to one route, over HTTP/1.1 or HTTP/2, with Express or without. */
import { once } from 'node:events';
import { createServer as createHttp1Server, type RequestListener } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import type { AddressInfo, Server } from 'node:net';
import process from 'node:process';
import express from 'express';
import type { ExpressListening } from './express-protocol.ts';

const [protocol, framework] = process.argv.slice(2);

const app = express().get('/', (_req, res) => void res.send('done'));
const plain: RequestListener = (_req, res) => void res.end('done');
const listener = framework === 'express' ? (app as RequestListener) : plain;
// The types do not fit, which is a first hint.
const server: Server =
  protocol === 'HTTP/2' ? createHttp2Server(listener as never) : createHttp1Server(listener);
server.listen({ host: '127.0.0.1', port: 0 });
await once(server, 'listening');
const listening: ExpressListening = { port: (server.address() as AddressInfo).port };
process.send?.(listening);
