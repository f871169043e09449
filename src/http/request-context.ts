import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { RequestHandler } from 'express';
import { performance } from 'node:perf_hooks';
import type { RequestBoard } from '../process/request-board.ts';
import { clientAddress } from './client-address.ts';
import type { InFlight } from './in-flight.ts';

declare global {
  // eslint-disable-next-line @typescript-eslint/no-namespace -- the only way to type `res.locals`
  namespace Express {
    interface Locals {
      /** The id by which this request is found in the log; also sent as `X-Request-Id`. */
      requestId: string;
      /** What every log line of this request holds. */
      fields: RequestFields;
      /** When it arrived, by the clock of `performance.now()`. */
      startedAt: number;
      /** Where this request stands on the board of requests in flight. */
      slot: number;
      /** The pattern of the route that serves this request; unset where none does. */
      route: string | undefined;
      /** Who asks, by address; unset where the connection was gone before anybody looked. */
      ip: string | undefined;
      /** Set where this side gave up an answer that it had begun. */
      cut: boolean;
    }
  }
}

/** What every log line of a request holds. */
export interface RequestFields {
  readonly requestId: string;
  /** The trace this request belongs to, by W3C Trace Context. */
  readonly traceId: string;
  /** The caller's span, where it named one. */
  readonly parentId?: string;
}

/** Ids that are kept. Anything else could break a log, a header or a terminal. */
const validRequestId = /^[A-Za-z0-9._-]{1,128}$/;
/** https://www.w3.org/TR/trace-context/#traceparent-header: version, trace id, parent id, flags. */
const validTraceparent =
  /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}(?=$|-)/;

const nobody = {};

interface RequestContextOptions {
  readonly board: RequestBoard;
  readonly inFlight: InFlight;
}

/** Knows, anywhere below a request's first layer, which request is being served. */
export class RequestContext {
  readonly #storage = new AsyncLocalStorage<RequestFields>();
  readonly #options: RequestContextOptions;

  constructor(options: RequestContextOptions) {
    this.#options = options;
    const { board, inFlight } = options;
    inFlight.onEnd((res) => board.end(res.locals.slot));
  }

  /** The fields of the request that is being served, or none outside of one. */
  readonly fields = (): object => this.#storage.getStore() ?? nobody;

  /** The layer that begins a request. */
  get layer(): RequestHandler {
    const storage = this.#storage;
    const { board, inFlight } = this.#options;
    return function requestContext(req, res, next) {
      // Layers, the router and a pipeline each listen for its end: more than the ten that Node.js takes for a leak.
      res.setMaxListeners(30);
      const fields = identify(req.headers);
      // All at once: V8 reads and writes an object whose shape it knows far faster than one that grows.
      res.locals = {
        requestId: fields.requestId,
        fields,
        startedAt: performance.now(),
        slot: board.begin(fields.requestId, req.method, req.url),
        // Read now: when the request is logged its connection may be gone, and the address with it.
        ip: clientAddress(req),
        route: undefined,
        cut: false,
      };
      res.setHeader('X-Request-Id', fields.requestId);
      inFlight.add(res);
      storage.run(fields, next);
    };
  }
}

/** A valid id from outside is kept, anything else replaced; a trace is continued or begun. */
export function identify({ 'x-request-id': inboundId, traceparent }: IncomingHttpHeaders): RequestFields {
  const isKept = typeof inboundId === 'string' && validRequestId.test(inboundId);
  const requestId = isKept ? inboundId : randomUUID();
  const [, traceId, parentId] =
    (typeof traceparent === 'string' ? validTraceparent.exec(traceparent) : null) ?? [];
  if (traceId === undefined || parentId === undefined) {
    // One draw of chance is enough for both, where the id is ours.
    return { requestId, traceId: (isKept ? randomUUID() : requestId).replaceAll('-', '') };
  }
  return { requestId, traceId, parentId };
}
