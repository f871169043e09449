import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { performance } from 'node:perf_hooks';

/** The message of Express's router for each layer that it calls: https://github.com/pillarjs/router (since 2.3). */
interface LayerCall {
  readonly req: IncomingMessage;
  readonly layer: object;
  readonly handler: (...args: never[]) => unknown;
  /** Whether it is an error handler. */
  readonly errorHandler?: boolean;
}

/** One layer that a request passed. */
export interface PassedLayer {
  readonly layer: object;
  readonly handler: (...args: never[]) => unknown;
  readonly errorHandler: boolean;
  /** When the router called it, by `performance.now()`. */
  readonly startedAt: number;
}

/** The message of Node.js for each request before the app receives it. */
interface RequestStart {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

const REQUEST_START = 'http.server.request.start';
const LAYER_START = 'tracing:express.router.request:start';

/**
 * Records which layers a request passes, for requests to a few paths.
 *
 * It subscribes to the router only while such a request runs: any other request costs one comparison of its URL.
 */
export class LayerTrace {
  readonly #paths: readonly string[];
  readonly #passed = new Map<IncomingMessage, PassedLayer[]>();

  /** @param paths how the URLs of the traced requests begin */
  constructor(paths: readonly string[]) {
    this.#paths = paths;
    subscribe(REQUEST_START, this.#onRequest);
  }

  /** The layers that a request has passed so far, including the current one; none if it is not traced. */
  passedBy(req: IncomingMessage): readonly PassedLayer[] {
    return this.#passed.get(req) ?? [];
  }

  stop(): void {
    unsubscribe(REQUEST_START, this.#onRequest);
    unsubscribe(LAYER_START, this.#onLayer);
    this.#passed.clear();
  }

  readonly #onRequest = (message: unknown): void => {
    const { request, response } = message as RequestStart;
    if (!this.#paths.some((path) => request.url?.startsWith(path) === true)) return;
    if (this.#passed.size === 0) subscribe(LAYER_START, this.#onLayer);
    this.#passed.set(request, []);
    response.once('close', () => {
      this.#passed.delete(request);
      if (this.#passed.size === 0) unsubscribe(LAYER_START, this.#onLayer);
    });
  };

  readonly #onLayer = (message: unknown): void => {
    const { req, layer, handler, errorHandler = false } = message as LayerCall;
    this.#passed.get(req)?.push({ layer, handler, errorHandler, startedAt: performance.now() });
  };
}
