import type { Request, Response } from 'express';

/** Sends JSON: the same as `res.json` without an ETag, at a fraction of its cost. */
export function sendJson(req: Request, res: Response, body: unknown, mediaType = 'application/json'): void {
  const text = JSON.stringify(body);
  const bytes = Buffer.byteLength(text);
  if (!res.hasHeader('Content-Type')) res.setHeader('Content-Type', mediaType);
  res.setHeader('Content-Length', bytes);
  // If every character is one byte, no conversion is needed.
  if (req.method === 'HEAD') res.end();
  else res.end(text, bytes === text.length ? 'latin1' : 'utf8');
}
