import { IncomingMessage, ServerResponse } from 'node:http';
import type { Express } from 'express';
import { closeIfBodyRemains, requestBody } from './unread-body.ts';

interface MessageClasses {
  readonly IncomingMessage: typeof IncomingMessage;
  readonly ServerResponse: typeof ServerResponse;
}

/**
 * Request and response classes with Express's prototypes, for `createServer()`.
 *
 * Express replaces the prototype of every request and response, which deoptimizes them; with the right prototype it
 * changes nothing. The classes also declare every property that Express and the layers add later: adding properties
 * later changes the object's shape and reallocates its property storage.
 */
export function createMessageClasses(app: Express): MessageClasses {
  class Request extends IncomingMessage {
    res: ServerResponse | undefined = undefined;
    next: unknown = undefined;
    baseUrl: unknown = undefined;
    originalUrl: unknown = undefined;
    params: unknown = undefined;
    route: unknown = undefined;
    rateLimit: unknown = undefined;
    // Of parseurl and morgan.
    _parsedUrl: unknown = undefined;
    _startAt: unknown = undefined;
    _startTime: unknown = undefined;
    _remoteAddress: unknown = undefined;

    override _read(size: number): void {
      requestBody(this, this.res);
      super._read(size);
    }
  }
  class Response<Of extends IncomingMessage> extends ServerResponse<Of> {
    locals: unknown = undefined;
    _startAt: unknown = undefined;
    _startTime: unknown = undefined;

    override writeHead(...head: [number, ...never[]]): this {
      closeIfBodyRemains(this);
      return super.writeHead(...head);
    }
  }
  Object.setPrototypeOf(Request.prototype, app.request);
  Object.setPrototypeOf(Response.prototype, app.response);
  // Without a trusted proxy `req.ip` is the peer address. This skips parsing headers on every read: express-rate-limit
  // reads it on every request.
  if (trustsNone(app.get('trust proxy'))) {
    Object.defineProperty(Request.prototype, 'ip', { get: readPeerAddress });
  }
  Object.assign(app, { request: Request.prototype, response: Response.prototype });
  return { IncomingMessage: Request, ServerResponse: Response };
}

function trustsNone(trusted: unknown): boolean {
  return trusted === false || (Array.isArray(trusted) && trusted.length === 0);
}

function readPeerAddress(this: IncomingMessage): string | undefined {
  return this.socket.remoteAddress;
}
