/** A receiver of webhooks for development and tests: it accepts those that are signed with its secret. */
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { isAuthentic } from '../../src/tasks/signature.ts';

interface ReceiverOptions {
  readonly secret: string;
  readonly port?: number;
  /** Responds 503 to this many webhooks before it accepts one. */
  readonly failFirst?: number;
  readonly onRequest?: (status: number, headers: IncomingHttpHeaders, body: string) => void;
}

export interface Receiver extends AsyncDisposable {
  readonly url: string;
}

export async function startReceiver(options: ReceiverOptions): Promise<Receiver> {
  const { secret, port = 0, failFirst = 0, onRequest } = options;
  let failed = 0;
  const server = createServer((req, res) => {
    void text(req).then((body) => {
      let status = 204;
      if (!isAuthentic(req.headers, body, secret)) status = 401;
      else if (failed < failFirst) {
        failed += 1;
        status = 503;
      }
      onRequest?.(status, req.headers, body);
      res.writeHead(status).end();
    });
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
