import { constants } from 'node:zlib';
import compressionPackage from 'compression';
import type { RequestHandler } from 'express';

/** Below this size a compressed response is hardly smaller, and always slower. */
const THRESHOLD_BYTES = 1_024;

/**
 * Brotli's window as a power of two: 256 KB. The default of 4 MB gains nothing on a response of ordinary size and makes
 * encoders so large that a few of them no longer fit into the CPU cache: 20 concurrent responses of 100 KB took five
 * times the CPU time, for the same bytes.
 */
const BROTLI_WINDOW = 18;

/** Compresses responses that gain from it with the encoding the client prefers: br, gzip or deflate. */
export function createCompression(): RequestHandler {
  const compress = compressionPackage({
    threshold: THRESHOLD_BYTES,
    brotli: { params: { [constants.BROTLI_PARAM_LGWIN]: BROTLI_WINDOW } },
    filter(req, res) {
      // A compressor would hold events back.
      const type = String(res.getHeader('Content-Type') ?? '');
      if (type.startsWith('text/event-stream')) return false;
      // A strong entity tag identifies these very bytes: https://www.rfc-editor.org/rfc/rfc9110#section-8.8.1
      if (String(res.getHeader('ETag') ?? '').startsWith('"')) return false;
      const compresses = compressionPackage.filter(req, res);
      // The response to GET is compressed as it is sent, so its length is not known.
      if (compresses && req.method === 'HEAD') res.removeHeader('Content-Length');
      return compresses;
    },
  });
  return function compression(req, res, next) {
    if (req.headers['accept-encoding'] === undefined) {
      // No need to wrap this response; but a cache must know that others may be compressed.
      if (res.hasHeader('Vary')) res.vary('Accept-Encoding');
      else res.setHeader('Vary', 'Accept-Encoding');
      next();
    } else compress(req, res, next);
  };
}
