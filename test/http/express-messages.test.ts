import { once } from 'node:events';
import { createServer, IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from '@jest/globals';
import express from 'express';
import { createMessageClasses } from '../../src/http/express-messages.ts';

test.each([
  { trusted: [], ip: '127.0.0.1' },
  { trusted: ['loopback'], ip: '192.0.2.7' },
])(
  'requests and responses behave like those of Express and keep their prototypes (%j)',
  async ({ trusted, ip }) => {
    const app = express();
    app.set('trust proxy', trusted);
    const messages = createMessageClasses(app);
    app.get('/', (req, res) => {
      res.json({
        ip: req.ip,
        query: req.query,
        native: req instanceof IncomingMessage && res instanceof ServerResponse,
        app: req.app === app && res.app === app,
      });
    });
    const server = createServer(messages);
    const kept: boolean[] = [];
    server.on('request', (req, res) => {
      const before = [Object.getPrototypeOf(req), Object.getPrototypeOf(res)] as unknown[];
      app(req, res);
      kept.push(Object.getPrototypeOf(req) === before[0] && Object.getPrototypeOf(res) === before[1]);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      const { port } = server.address() as AddressInfo;
      const response = await fetch(`http://127.0.0.1:${port}/?a=1`, {
        headers: { 'X-Forwarded-For': '192.0.2.7' },
      });
      expect(await response.json()).toEqual({ ip, query: { a: '1' }, native: true, app: true });
      expect(kept).toEqual([true]);
    } finally {
      server.close();
    }
  },
);
