/** The outbound client of a worker, and the services that it calls, on loopback. */
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTcpServer, type LookupFunction, type Server, type Socket } from 'node:net';
import { pino } from 'pino';
import { listen } from '../../src/http/listen.ts';
import type { OutboundClient, OutboundClientOptions } from '../../src/outbound/client.ts';
import { OutboundError } from '../../src/outbound/errors.ts';
import { open, type OutboundSettings } from '../../src/outbound/open.ts';
import { createMetrics, type Metrics } from '../../src/telemetry/metrics.ts';
import { noTracing } from '../../src/telemetry/tracing.ts';

interface Options extends OutboundSettings {
  readonly networks?: readonly string[];
  readonly ports?: readonly string[];
}

export interface TestOutbound extends AsyncDisposable {
  readonly logged: readonly Record<string, unknown>[];
  readonly metrics: Metrics;
  /** The value of a metric, by name and labels as they are exported. */
  readMetric(name: string): Promise<number>;
  client(options?: Partial<OutboundClientOptions>): OutboundClient;
}

export function openOutbound({ networks = [], ports = [], ...settings }: Options = {}): TestOutbound {
  const logged: Record<string, unknown>[] = [];
  const log = pino({}, { write: (line: string) => logged.push(JSON.parse(line) as Record<string, unknown>) });
  const config = { OUTBOUND_ALLOWED_NETWORKS: networks, OUTBOUND_ALLOWED_PORTS: ports } as never;
  const metrics = createMetrics();
  const opened = open({ config, log, metrics, tracing: noTracing }, settings);
  return {
    logged,
    metrics,
    async readMetric(name) {
      const lines = (await metrics.registry.metrics()).split('\n');
      return Number(lines.find((line) => line.startsWith(`${name} `))?.split(' ')[1]);
    },
    client: (options = {}) => opened.value.client({ name: 'test', urls: 'configured', ...options }),
    [Symbol.asyncDispose]: async () => opened.close(),
  };
}

export interface TestServer extends AsyncDisposable {
  readonly url: string;
  readonly port: string;
  /** Connections so far. */
  readonly connections: number;
}

export async function serve(handler: RequestListener, host = '127.0.0.1'): Promise<TestServer> {
  return start(createServer(handler), host);
}

/** A server that sends what it likes. */
export async function serveRaw(onConnection: (socket: Socket) => void): Promise<TestServer> {
  return start(createTcpServer(onConnection), '127.0.0.1');
}

async function start(server: Server, host: string): Promise<TestServer> {
  const sockets = new Set<Socket>();
  let connections = 0;
  server.on('connection', (socket: Socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
  });
  const url = await listen(server, { host, port: 0 });
  return {
    url,
    port: new URL(url).port,
    get connections() {
      return connections;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Answers each lookup with the next addresses, and then with the last ones. */
export function resolveTo(...answers: readonly (readonly string[])[]): LookupFunction {
  let asked = 0;
  return (_hostname, _options, callback) => {
    const addresses = answers[Math.min(asked, answers.length - 1)] ?? [];
    asked += 1;
    callback(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    );
  };
}

/** How a call ends: `ok`, the kind of its failure, or the name of another error. */
export async function outcomeOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return 'ok';
  } catch (error) {
    if (error instanceof OutboundError)
      return error.received === undefined ? error.kind : `status ${error.received}`;
    return (error as Error).name;
  }
}
