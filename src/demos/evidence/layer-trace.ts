import { subscribe, tracingChannel, unsubscribe } from 'node:diagnostics_channel';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { performance } from 'node:perf_hooks';

/** What Express's router tells of a layer that it calls; https://github.com/pillarjs/router (since 2.3). */
interface LayerCall {
  readonly req: IncomingMessage;
  readonly layer: object;
  readonly handler: (...given: never[]) => unknown;
  /** Whether it was called with an error. */
  readonly errorHandler?: boolean;
}

/** One layer that a request passed. */
export interface PassedLayer {
  readonly layer: object;
  readonly handler: (...given: never[]) => unknown;
  readonly errorHandler: boolean;
  /** When the router called it, by the clock of `performance.now()`. */
  readonly startedAt: number;
}

/** What Node.js tells of each request before anything of the app has seen it. */
interface RequestStart {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

const REQUEST_START = 'http.server.request.start';

/**
 * Records which layers a request passes, from the very first, for requests of a few paths only.
 *
 * Node.js announces each request before the app gets it, so the router is listened to only while a traced request
 * runs: any other request costs one comparison of its URL.
 */
export class LayerTrace {
  readonly #paths: readonly string[];
  readonly #router = tracingChannel<unknown, LayerCall>('express.router.request');
  readonly #passed = new Map<IncomingMessage, PassedLayer[]>();
  readonly #subscribers = { start: (call: LayerCall) => this.#note(call) };
  #listening = false;

  /** @param paths of the requests that are traced */
  constructor(paths: readonly string[]) {
    this.#paths = paths;
    subscribe(REQUEST_START, this.#begin);
  }

  /** The layers that a request has passed so far, the one that serves it included; none where it is not traced. */
  passedBy(req: IncomingMessage): readonly PassedLayer[] {
    return this.#passed.get(req) ?? [];
  }

  /** Whether the router is being listened to. */
  get listening(): boolean {
    return this.#listening;
  }

  stop(): void {
    unsubscribe(REQUEST_START, this.#begin);
    this.#passed.clear();
    this.#listen(false);
  }

  readonly #begin = (message: unknown): void => {
    const { request, response } = message as RequestStart;
    if (!this.#isTraced(request.url)) return;
    this.#passed.set(request, []);
    this.#listen(true);
    response.once('close', () => {
      this.#passed.delete(request);
      this.#listen(this.#passed.size > 0);
    });
  };

  #isTraced(url: string | undefined): boolean {
    return this.#paths.some((path) => url?.startsWith(path) === true);
  }

  #note({ req, layer, handler, errorHandler = false }: LayerCall): void {
    this.#passed.get(req)?.push({ layer, handler, errorHandler, startedAt: performance.now() });
  }

  #listen(wanted: boolean): void {
    if (wanted === this.#listening) return;
    this.#listening = wanted;
    if (wanted) this.#router.start.subscribe(this.#subscribers.start as never);
    else this.#router.start.unsubscribe(this.#subscribers.start as never);
  }
}
