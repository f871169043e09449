import type { Request, Response } from 'express';

/** Sends JSON as it is: what `res.json` does where there is no ETag to compare, at a fraction of its cost. */
export function sendJson(req: Request, res: Response, answer: unknown, mediaType = 'application/json'): void {
  const text = JSON.stringify(answer);
  const bytes = Buffer.byteLength(text);
  if (!res.hasHeader('Content-Type')) res.setHeader('Content-Type', mediaType);
  res.setHeader('Content-Length', bytes);
  // Where a byte is a character nothing has to be converted.
  if (req.method === 'HEAD') res.end();
  else res.end(text, bytes === text.length ? 'latin1' : 'utf8');
}
