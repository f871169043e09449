import type { Response } from 'express';

/** Recorded when the client disconnects before the response is complete; the status is nginx's. */
const CLIENT_CLOSED_REQUEST = 499;

/** The status of a response that has ended: the one that the client saw, or 499 if it disconnected first. */
export function seenStatus(res: Response): number {
  return res.locals.closedBy === 'client' ? CLIENT_CLOSED_REQUEST : res.statusCode;
}

/** Whether this service closed the connection before the response was complete. */
export function isClosedByServer({ locals: { closedBy } }: Response): boolean {
  return closedBy !== undefined && closedBy !== 'client';
}
