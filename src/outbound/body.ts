import type { IncomingHttpHeaders } from 'node:http';
import { pipeline, type Readable, type Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib';
import { OutboundError } from './errors.ts';

const decoders: Readonly<Record<string, () => Transform>> = {
  br: createBrotliDecompress,
  deflate: createInflate,
  gzip: createGunzip,
  zstd: createZstdDecompress,
};

export const ACCEPT_ENCODING = Object.keys(decoders).join(', ');

/** https://www.rfc-editor.org/rfc/rfc6839#section-3.1 */
const JSON_TYPE = /^application\/(?:[\w.-]+\+)?json *(?:;|$)/i;

/**
 * Reads a body of JSON, and no more of it than the limit: both as it is sent and after decompression.
 *
 * @throws {OutboundError} `content-type`, `too-large` or `schema` (it is not JSON); or an error of the stream
 */
export async function readJson(
  body: Readable,
  headers: IncomingHttpHeaders,
  maxBytes: number,
): Promise<unknown> {
  const { 'content-type': type = '', 'content-encoding': coding = 'identity' } = headers;
  body.on('error', () => undefined); // what the loop throws; unhandled, a body that is not read to its end would emit it
  const isPlain = coding === 'identity';
  const decode = Object.hasOwn(decoders, coding) ? decoders[coding] : undefined;
  if (!JSON_TYPE.test(type) || (decode === undefined && !isPlain)) {
    body.destroy();
    throw new OutboundError('content-type', { reason: isPlain ? 'not JSON' : 'unknown content coding' });
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    const sent = upTo(maxBytes, body);
    const content = decode === undefined ? sent : pipeline(sent, decode(), () => undefined);
    for await (const chunk of content as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > maxBytes) throw new OutboundError('too-large');
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof OutboundError || body.errored !== null) throw error;
    throw new OutboundError('content-type', { reason: 'it cannot be decompressed' });
  } finally {
    body.destroy();
  }
  return parse(Buffer.concat(chunks));
}

/** Passes on a body as it is sent, up to the limit: counting only what it decompresses to would not bound that. */
async function* upTo(maxBytes: number, body: Readable): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new OutboundError('too-large');
    yield chunk;
  }
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as unknown;
  } catch {
    throw new OutboundError('schema', { reason: 'not JSON' }); // the error of the parser quotes the body
  }
}
