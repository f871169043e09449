import { IncomingMessage, ServerResponse } from 'node:http';
import type { Express } from 'express';

interface Messages {
  readonly IncomingMessage: typeof IncomingMessage;
  readonly ServerResponse: typeof ServerResponse;
}

/**
 * Requests and answers that are Express's own from the start, for `createServer()`.
 *
 * Express makes Node.js's its own by giving each another prototype as it arrives, and V8 has all that follows pay for it.
 * Where the prototype is the right one already, nothing is changed. And each has a place for all that Express and the
 * layers will note on it: an object that grows is copied as it does.
 */
export function createMessages(app: Express): Messages {
  class Request extends IncomingMessage {
    res: unknown = undefined;
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
  }
  class Response<Of extends IncomingMessage> extends ServerResponse<Of> {
    locals: unknown = undefined;
    _startAt: unknown = undefined;
    _startTime: unknown = undefined;
  }
  Object.setPrototypeOf(Request.prototype, app.request);
  Object.setPrototypeOf(Response.prototype, app.response);
  // With no proxy to be believed it is whoever holds the connection, and no header need be taken apart each time that
  // somebody asks; for a line that is never printed express-rate-limit asks on every request.
  if (isNobody(app.get('trust proxy'))) Object.defineProperty(Request.prototype, 'ip', { get: readPeer });
  Object.assign(app, { request: Request.prototype, response: Response.prototype });
  return { IncomingMessage: Request, ServerResponse: Response };
}

function isNobody(trusted: unknown): boolean {
  return trusted === false || (Array.isArray(trusted) && trusted.length === 0);
}

function readPeer(this: IncomingMessage): string | undefined {
  return this.socket.remoteAddress;
}
