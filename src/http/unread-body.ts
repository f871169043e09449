/** Requests whose body has not been read: it is requested when it is read, and not waited for otherwise. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { linger } from './lingering-close.ts';

/** An unread rest of this size is read and dropped, so that the client can reuse its connection. */
const MAX_DROPPED_BYTES = 65_536;

/** Requests that got a 100 Continue. */
const continued = new WeakSet<IncomingMessage>();

/**
 * Lets a client send its body if it waits for a 100 Continue. Called when the body is first read: a client whose request
 * is rejected before that gets its final status at once. https://www.rfc-editor.org/rfc/rfc9110#section-10.1.1
 */
export function requestBody(req: IncomingMessage, res: ServerResponse | undefined): void {
  if (req.headers.expect === undefined || req.httpVersion !== '1.1') return;
  if (res === undefined || res.headersSent || continued.has(req)) return;
  continued.add(req);
  res.writeContinue();
}

/**
 * Closes the connection after a response to a request whose body will not be read, unless the rest is small. Called
 * before the head of the response is sent.
 */
export function closeIfBodyRemains(res: ServerResponse): void {
  const { req } = res;
  if (req.complete) return;
  // A handler may respond while it still reads. After an error it does not.
  if (req.readableDidRead && res.statusCode < 400) return;
  if (announcedBytes(req) <= MAX_DROPPED_BYTES) return;
  res.shouldKeepAlive = false;
  linger(req.socket);
}

/** The length of the body that a client will send, in bytes. */
function announcedBytes(req: IncomingMessage): number {
  const { headers } = req;
  if (headers['transfer-encoding'] !== undefined) return Infinity;
  const length = Number(headers['content-length'] ?? 0);
  // Whether such a client still sends its body after another status is not known.
  return length > 0 && headers.expect !== undefined && !continued.has(req) ? Infinity : length;
}
