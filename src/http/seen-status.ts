import type { Response } from 'express';

/** Recorded when the client disconnects before the response is complete; the status is nginx's. */
const CLIENT_CLOSED_REQUEST = 499;

/** The status that the client saw, or 499 if it disconnected first. */
export function seenStatus(res: Response): number {
  return res.writableFinished || res.locals.closedByServer ? res.statusCode : CLIENT_CLOSED_REQUEST;
}
