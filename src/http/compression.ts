import compressionPackage from 'compression';
import type { RequestHandler } from 'express';
import { constants } from 'node:zlib';

/** Below this many bytes a compressed answer is hardly smaller and always dearer. */
const THRESHOLD_BYTES = 1_024;

/**
 * How far back brotli looks for what it has seen before, as a power of two: 256 KB. Its default of 4 MB gains nothing on
 * an answer of ordinary size, and makes an encoder so large that a few of them at once no longer fit into the caches:
 * 20 answers of 100 KB at a time took five times the CPU time, for the same bytes.
 */
const BROTLI_WINDOW = 18;

/** Compresses what is worth it with what the client accepts: br, gzip or deflate. */
export function createCompression(): RequestHandler {
  const compress = compressionPackage({
    threshold: THRESHOLD_BYTES,
    brotli: { params: { [constants.BROTLI_PARAM_LGWIN]: BROTLI_WINDOW } },
    filter(req, res) {
      // An event must leave at once, and a compressor would hold it back.
      const type = String(res.getHeader('Content-Type') ?? '');
      if (type.startsWith('text/event-stream')) return false;
      // A strong tag stands for these very bytes: https://www.rfc-editor.org/rfc/rfc9110#section-8.8.1
      if (String(res.getHeader('ETag') ?? '').startsWith('"')) return false;
      return compressionPackage.filter(req, res);
    },
  });
  return function compression(req, res, next) {
    if (req.headers['accept-encoding'] === undefined) {
      // This client takes no encoding, so its answer need not be wrapped; a cache must still know that others do.
      res.setHeader('Vary', 'Accept-Encoding');
      next();
    } else compress(req, res, next);
  };
}
