import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import process from 'node:process';
import type { Registry } from '@prometheus-io/client';
import type { Logger } from 'pino';
import type { Config } from '../config/core-variables.ts';
import { createConnectResponse } from '../http/connect-response.ts';
import { rejectForeign } from '../http/foreign-request.ts';
import { InFlight } from '../http/in-flight.ts';
import { listen } from '../http/listen.ts';
import { ParserErrors } from '../http/parser-errors.ts';
import { Problem, PROBLEM_MEDIA_TYPE, toDetails } from '../http/problem.ts';
import { checkHead, convertTarget } from '../http/request-head.ts';
import { identify } from '../http/request-id.ts';
import { helmetHeaders } from '../http/helmet-headers.ts';
import { SlowReaders } from '../http/slow-readers.ts';
import { addGauge } from '../telemetry/metrics.ts';
import { limitConnections } from './connection-limit.ts';
import { checkAccess } from './management-access.ts';
import type {
  ClusterView,
  ReloadResult,
  ServiceReadiness,
  SupervisionEvent,
  WorkerView,
} from './supervision.ts';

/** What the management port shows and does. */
export interface Supervision {
  readonly readiness: ServiceReadiness;
  /** What callers must send. Empty: none is set. */
  readonly token: string;
  workers(): WorkerView[];
  events(): SupervisionEvent[];
  metrics(): Promise<string>;
  /** @throws {Problem} `conflict` if there is nothing to reload */
  reload(): Promise<ReloadResult>;
}

interface ManagementOptions {
  readonly config: Pick<Config, 'MANAGEMENT_HOST' | 'MANAGEMENT_PORT'>;
  readonly log: Logger;
  /** Gets a metric of the readiness, for alerts. */
  readonly registry: Registry;
  readonly supervision: Supervision;
}

type Handler = (req: IncomingMessage, res: ServerResponse) => Promise<void> | void;

/** Each takes a file descriptor of the primary, which needs some to replace a worker. */
const MAX_CONNECTIONS = 24;
/** How long a client may take to read a part of its response. */
const READ_TIMEOUT_MS = 10_000;

const METRICS_MEDIA_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** The management port, on bare `node:http`: it must respond when no worker does. */
export class Management {
  readonly #server: Server;
  readonly #slowReaders: SlowReaders;
  readonly #options: ManagementOptions;
  readonly #routes: Readonly<Record<string, Readonly<Record<string, Handler>>>>;

  constructor(options: ManagementOptions) {
    this.#options = options;
    const { registry, supervision } = options;
    addGauge(
      registry,
      'service_ready',
      '1 if the service is ready, as /readyz of the management port.',
      () => (supervision.readiness.status === 'ready' ? 1 : 0),
    );
    this.#routes = {
      '/livez': { GET: (_req, res) => sendJson(res, 200, { status: 'alive' }) },
      '/readyz': {
        GET: (_req, res) => {
          const { status, failing } = supervision.readiness;
          sendJson(
            res,
            status === 'ready' ? 200 : 503,
            failing.length > 0 ? { status, failing } : { status },
          );
        },
      },
      '/workers': {
        GET: (_req, res) =>
          sendJson(res, 200, {
            primary: {
              pid: process.pid,
              uptimeS: Math.round(process.uptime()),
              ready: supervision.readiness.status === 'ready',
            },
            workers: supervision.workers(),
            events: supervision.events(),
          } satisfies ClusterView),
      },
      '/metrics': {
        GET: async (_req, res) => send(res, 200, METRICS_MEDIA_TYPE, await supervision.metrics()),
      },
      '/reload': {
        POST: async (_req, res) => {
          const result = await supervision.reload();
          sendJson(res, result.ok ? 200 : 500, result);
        },
      },
    };
    this.#server = createServer({
      connectionsCheckingInterval: 1_000,
      requireHostHeader: false, // checkHead() requires it
      headersTimeout: 5_000,
      requestTimeout: 10_000,
    });
    this.#slowReaders = new SlowReaders(limitConnections(this.#server, MAX_CONNECTIONS), READ_TIMEOUT_MS);
    this.#server.on('request', (req, res) => void this.#respond(req, res));
    this.#server.on('checkExpectation', (req, res) => void this.#respond(req, res));
    this.#server.on(
      'connect',
      (req: IncomingMessage, socket: Socket) => void this.#respond(req, createConnectResponse(req, socket)),
    );
    const parserErrors = new ParserErrors({ log: options.log, inFlight: new InFlight() });
    this.#server.on('clientError', (error, socket) => parserErrors.respond(error, socket as Socket));
  }

  /**
   * @returns the URL that it now listens on
   * @throws {ListenError} if it cannot
   */
  listen(): Promise<string> {
    this.#slowReaders.start();
    const { MANAGEMENT_HOST: host, MANAGEMENT_PORT: port } = this.#options.config;
    return listen(this.#server, { host, port, exclusive: true });
  }

  close(): void {
    this.#slowReaders.stop();
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #respond(req: IncomingMessage, res: ServerResponse): Promise<void> {
    convertTarget(req);
    const path = (req.url ?? '').split('?', 1)[0] ?? '';
    const fields = identify(req.headers);
    res.setHeader('X-Request-Id', fields.requestId);
    for (const [name, value] of helmetHeaders) res.setHeader(name, value);
    try {
      checkHead(req);
      rejectForeign(req, undefined);
      if (path === '*') {
        res.writeHead(204).end();
        return;
      }
      checkAccess(req, path, this.#options.supervision.token);
      const methods = this.#routes[path];
      if (methods === undefined) {
        throw new Problem('not-found', { detail: `The paths are ${Object.keys(this.#routes).join(', ')}.` });
      }
      const handler = methods[req.method === 'HEAD' ? 'GET' : (req.method ?? '')];
      if (handler === undefined) {
        const allow = Object.keys(methods).join(', ');
        throw new Problem('method-not-allowed', { detail: `Allowed: ${allow}.`, headers: { Allow: allow } });
      }
      await handler(req, res);
    } catch (error) {
      const problem = error instanceof Problem ? error : new Problem('internal-error');
      if (problem !== error)
        this.#options.log.error(
          { ...fields, event: 'management-request-failed', err: error, path },
          'management request failed',
        );
      for (const [name, value] of Object.entries(problem.headers)) res.setHeader(name, value);
      send(
        res,
        problem.status,
        PROBLEM_MEDIA_TYPE,
        JSON.stringify(toDetails(problem, fields.requestId, path)),
      );
    }
  }
}

function sendJson(res: ServerResponse, status: number, body: unknown): void {
  send(res, status, 'application/json', `${JSON.stringify(body, null, 2)}\n`);
}

function send(res: ServerResponse, status: number, type: string, body: string): void {
  res.writeHead(status, {
    'Content-Type': type,
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
  });
  res.end(body);
}
