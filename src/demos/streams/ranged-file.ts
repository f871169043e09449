import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { Problem } from '../../http/problem.ts';
import { sendStream } from '../kit/send-stream.ts';
import { planRange, type Entity } from './range-plan.ts';

/** 256 lines of 64 bytes. Each line starts with the offset of its first byte. */
export const rangedFile = new URL('./range.txt', import.meta.url);

/**
 * Sends the requested part of the file.
 *
 * @throws {Problem} `range-not-satisfiable`
 */
export async function sendRange(
  headers: IncomingHttpHeaders,
  res: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  const entity = await describeFile();
  const ifRange = headers['if-range'];
  const plan = planRange(entity, headers.range, typeof ifRange === 'string' ? ifRange : undefined);
  if (plan.status === 416) {
    throw new Problem('range-not-satisfiable', {
      detail: `The file has ${entity.size} bytes.`,
      headers: { 'Content-Range': `bytes */${entity.size}` },
    });
  }
  const { status, start, end } = plan;
  res.statusCode = status;
  res.setHeader('Content-Type', 'text/plain; charset=utf-8');
  res.setHeader('Accept-Ranges', 'bytes');
  res.setHeader('ETag', entity.etag);
  res.setHeader('Last-Modified', entity.lastModified);
  // Ranges count bytes of the file: a compressed response would have other offsets.
  res.setHeader('Cache-Control', 'no-cache, no-transform');
  res.setHeader('Content-Length', end - start + 1);
  if (status === 206) res.setHeader('Content-Range', `bytes ${start}-${end}/${entity.size}`);
  await sendStream(createReadStream(rangedFile, { start, end }), res, signal);
}

async function describeFile(): Promise<Entity> {
  const { size, mtime } = await stat(rangedFile);
  return {
    size,
    etag: `"${size.toString(16)}-${mtime.getTime().toString(16)}"`,
    lastModified: mtime.toUTCString(),
  };
}
