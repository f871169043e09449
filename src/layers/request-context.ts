import { AsyncLocalStorage } from 'node:async_hooks';
import { performance } from 'node:perf_hooks';
import type { RequestHandler } from 'express';
import type { InFlightBoard } from '../http/in-flight-board.ts';
import type { InFlight } from '../http/in-flight.ts';
import type { RequestLocals } from '../http/locals.ts';
import { identify, type RequestFields } from '../http/request-id.ts';
import { clientAddress } from './client-address.ts';

const noFields = {};

interface RequestContextOptions {
  readonly board: InFlightBoard;
  readonly inFlight: InFlight;
}

/** Knows, anywhere below the first layer, which request is being served. */
export class RequestContext {
  readonly #storage = new AsyncLocalStorage<RequestFields>();
  readonly #options: RequestContextOptions;

  constructor(options: RequestContextOptions) {
    this.#options = options;
    const { board, inFlight } = options;
    inFlight.onEnd(({ locals, writableFinished }) => {
      board.end(locals.slot);
      if (writableFinished) locals.closedBy = undefined;
      else locals.closedBy ??= 'client';
    });
  }

  /** The fields of the request that is being served; empty outside a request. */
  readonly fields = (): Partial<RequestFields> => this.#storage.getStore() ?? noFields;

  /** The layer that begins a request. */
  get layer(): RequestHandler {
    const storage = this.#storage;
    const { board, inFlight } = this.#options;
    return function requestContext(req, res, next) {
      // Layers, the router and a pipeline each listen for the end: more than the 10 listeners Node.js reports as a leak.
      res.setMaxListeners(30);
      const fields = identify(req.headers);
      // One object literal: V8 accesses an object with a known shape much faster than one that grows.
      res.locals = {
        requestId: fields.requestId,
        fields,
        startedAt: performance.now(),
        slot: board.begin(fields.requestId, req.method, req.url),
        // Read now: when the request is logged, its connection and address may be gone.
        ip: clientAddress(req),
        route: undefined,
        caller: undefined,
        closedBy: undefined,
        span: undefined,
        failure: undefined,
      } satisfies RequestLocals;
      res.setHeader('X-Request-Id', fields.requestId);
      inFlight.add(res);
      storage.run(fields, next);
    };
  }
}
