import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Config } from '../config/variables.ts';
import { refuseOtherSites } from '../http/other-sites.ts';
import { Problem, PROBLEM_MEDIA_TYPE, toDetails } from '../http/problem.ts';
import { identify } from '../http/request-context.ts';
import { listen } from '../process/listen.ts';
import type { Logger } from '../process/logger.ts';
import type { SupervisionEvent } from './events.ts';
import type { WorkerReport } from './messages.ts';
import type { ReloadResult } from './reloads.ts';
import type { WorkerState } from './worker-handle.ts';

/** One worker as `/workers` shows it. */
export interface WorkerView {
  readonly id: number;
  readonly pid: number;
  /** Its place; a replacement takes the place of the one it replaces. */
  readonly slot: number;
  readonly state: WorkerState;
  readonly ageS: number;
  /** How often the worker of this place was replaced. */
  readonly restarts: number;
  readonly silentMs: number;
  readonly report?: WorkerReport;
}

/** What the management port shows and does. */
export interface Supervision {
  readonly ready: boolean;
  readonly stopping: boolean;
  workers(): WorkerView[];
  events(): readonly SupervisionEvent[];
  metrics(): Promise<string>;
  /** @throws {Problem} where there is nothing to reload */
  reload(): Promise<ReloadResult>;
}

interface ManagementOptions {
  readonly config: Pick<Config, 'MANAGEMENT_HOST' | 'MANAGEMENT_PORT'>;
  readonly log: Logger;
  readonly supervision: Supervision;
}

type Handler = (req: IncomingMessage, res: ServerResponse) => Promise<void> | void;

const METRICS_MEDIA_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** The primary's own port, on bare `node:http`: it must answer when no worker does. */
export class Management {
  readonly #server: Server;
  readonly #options: ManagementOptions;
  #address = '';
  readonly #routes: Readonly<Record<string, Readonly<Record<string, Handler>>>>;

  constructor(options: ManagementOptions) {
    this.#options = options;
    const { supervision } = options;
    this.#routes = {
      '/livez': { GET: (_req, res) => sendJson(res, 200, { status: 'alive' }) },
      '/readyz': {
        GET: (_req, res) => {
          const status = supervision.ready ? 'ready' : supervision.stopping ? 'draining' : 'unavailable';
          sendJson(res, supervision.ready ? 200 : 503, { status });
        },
      },
      '/workers': {
        GET: (_req, res) =>
          sendJson(res, 200, {
            primary: { pid: process.pid, uptimeS: Math.round(process.uptime()), ready: supervision.ready },
            workers: supervision.workers(),
            events: supervision.events(),
          }),
      },
      '/metrics': {
        GET: async (_req, res) => send(res, 200, METRICS_MEDIA_TYPE, await supervision.metrics()),
      },
      '/reload': {
        POST: async (req, res) => {
          refuseOtherSites(req.headers, undefined); // no page is served here
          const result = await supervision.reload();
          sendJson(res, result.ok ? 200 : 500, result);
        },
      },
    };
    this.#server = createServer({
      connectionsCheckingInterval: 1_000,
      headersTimeout: 5_000,
      requestTimeout: 10_000,
    });
    this.#server.maxConnections = 200;
    this.#server.on('request', (req, res) => void this.#answer(req, res));
  }

  /** @returns the address, as a URL, that it now listens on */
  async listen(): Promise<string> {
    const { MANAGEMENT_HOST: host, MANAGEMENT_PORT: port } = this.#options.config;
    this.#address = await listen(this.#server, { host, port, exclusive: true });
    return this.#address;
  }

  /** The address, as a URL, once it listens. */
  get address(): string {
    return this.#address;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const path = (req.url ?? '').split('?', 1)[0] ?? '';
    const fields = identify(req.headers);
    res.setHeader('X-Request-Id', fields.requestId);
    try {
      const methods = this.#routes[path];
      if (methods === undefined) {
        throw new Problem('not-found', { detail: `Here are ${Object.keys(this.#routes).join(', ')}.` });
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
        this.#options.log.error({ ...fields, err: error, path }, 'a management request failed');
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
    'X-Content-Type-Options': 'nosniff',
  });
  res.end(body);
}
