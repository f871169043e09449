import { createServer as createHttp1Server, type RequestListener } from 'node:http';
import {
  createServer as createHttp2Server,
  type Http2ServerRequest,
  type Http2ServerResponse,
} from 'node:http2';
import type { Server } from 'node:net';
import { whileListening } from '../kit/measure/loopback.ts';
import { overRelay, type RelayedConnection } from '../kit/measure/relay.ts';
import { createClient, type Client, type Protocol } from './clients.ts';

/** What both protocols pass to a handler. */
export type Handler = (
  req: { readonly url?: string | undefined },
  res: { end(content?: string | Buffer): unknown },
) => void;

interface OverProtocolOptions {
  readonly handler: Handler;
  readonly connections: number;
  readonly signal: AbortSignal;
}

/** Runs `visit` with a client of a private server, and the connections between them. */
export function overProtocol<T>(
  protocol: Protocol,
  { handler, connections, signal }: OverProtocolOptions,
  visit: (client: Client, relayed: readonly RelayedConnection[]) => Promise<T>,
): Promise<T> {
  const server: Server =
    protocol === 'HTTP/2'
      ? createHttp2Server(handler as (req: Http2ServerRequest, res: Http2ServerResponse) => void)
      : createHttp1Server(handler as RequestListener);
  return whileListening(server, (to) =>
    overRelay({ to }, async (port, relayed) => {
      using client = createClient(protocol, { port, connections, signal });
      return await visit(client, relayed);
    }),
  );
}
