import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { requestedRange, sendNotModified } from '../../http/preconditions.ts';
import { Problem } from '../../http/problem.ts';
import { sendStream } from '../kit/send-stream.ts';
import { planRange } from './range-plan.ts';

/** 256 lines of 64 bytes. Each line starts with the offset of its first byte. */
export const rangedFile = new URL('./range.txt', import.meta.url);

/**
 * Sends the requested part of the file.
 *
 * @throws {Problem} `range-not-satisfiable`
 */
export async function sendRange(
  req: IncomingMessage,
  res: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  const entity = await describeFile();
  const { size, etag, modified } = entity;
  res.setHeader('ETag', etag);
  res.setHeader('Last-Modified', modified.toUTCString());
  // Ranges count bytes of the file: a compressed response would have other offsets.
  res.setHeader('Cache-Control', 'no-cache, no-transform');
  if (sendNotModified(req, res)) return;
  const plan = planRange(size, requestedRange(req, entity));
  if (plan.status === 416) {
    throw new Problem('range-not-satisfiable', {
      detail: `The file has ${size} bytes.`,
      headers: { 'Content-Range': `bytes */${size}` },
    });
  }
  const { status, start, end } = plan;
  res.statusCode = status;
  res.setHeader('Content-Type', 'text/plain; charset=utf-8');
  res.setHeader('Accept-Ranges', 'bytes');
  res.setHeader('Content-Length', end - start + 1);
  if (status === 206) res.setHeader('Content-Range', `bytes ${start}-${end}/${size}`);
  await sendStream(createReadStream(rangedFile, { start, end }), res, signal);
}

/** With a strong ETag: a weak one does not guarantee that two parts fit together. */
async function describeFile() {
  const { size, mtime } = await stat(rangedFile);
  return { size, etag: `"${size.toString(16)}-${mtime.getTime().toString(16)}"`, modified: mtime };
}
