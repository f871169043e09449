import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { Request, Response } from 'express';
import { sendNotModified } from '../http/preconditions.ts';
import { Problem } from '../http/problem.ts';
import { Lazy } from '../shared/lazy.ts';

const compressBrotli = promisify(brotliCompress);
const compressGzip = promisify(gzip);
/** Nearly as small as at the highest quality, in a fraction of the time. */
const BROTLI_QUALITY = 9;
/**
 * At this quality a window of more than 64 KB has tables that take 20 ms to clear, per file: fifty small files took one
 * second, and take 20 ms with a window of this size.
 */
const BROTLI_SMALL_WINDOW_BITS = 16;

/** A file of the page. It is rendered from its source and compressed once, at the first request. */
export class Asset {
  readonly type: string;
  readonly source: string | Buffer;
  readonly #content: Lazy<Buffer>;
  #etag: string | undefined;
  readonly #compressed = {
    br: new Lazy(async () => compressWithBrotli(await this.#content.get())),
    gzip: new Lazy(async () => compressGzip(await this.#content.get())),
  };

  /** @param render makes what is served from the source, at the first request. Defaults to the source itself */
  constructor(type: string, source: string | Buffer, render?: () => Promise<string>) {
    this.type = type;
    this.source = source;
    this.#content = new Lazy(async () => Buffer.from((await render?.()) ?? source));
  }

  /** @param immutable whether its URL changes with its content; otherwise the browser revalidates it */
  async send(req: Request, res: Response, immutable: boolean): Promise<void> {
    res.set('Content-Type', this.type);
    res.set('Cache-Control', immutable ? 'public, max-age=31536000, immutable' : 'no-cache');
    // Weak: one ETag for all encodings.
    if (!immutable) res.set('ETag', (this.#etag ??= `W/"${hash([await this.#content.get()])}"`));
    res.vary('Accept-Encoding');
    if (sendNotModified(req, res)) return;
    const encoding = req.acceptsEncodings('br', 'gzip', 'identity');
    if (encoding === 'br' || encoding === 'gzip') {
      const body = await this.#compressed[encoding].get();
      res.set('Content-Encoding', encoding).send(body);
    } else {
      res.send(await this.#content.get());
    }
  }
}

/** The first twelve characters of a SHA-256. */
function hash(parts: readonly (string | Buffer)[]): string {
  const sha256 = createHash('sha256');
  for (const part of parts) sha256.update(part);
  return sha256.digest('base64url').slice(0, 12);
}

function compressWithBrotli(content: Buffer): Promise<Buffer> {
  const small = content.length <= 2 ** BROTLI_SMALL_WINDOW_BITS;
  return compressBrotli(content, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY,
      [constants.BROTLI_PARAM_LGWIN]: small ? BROTLI_SMALL_WINDOW_BITS : constants.BROTLI_DEFAULT_WINDOW,
    },
  });
}

/** Assets below one path that changes with the content of any of them. */
export class AssetFolder {
  readonly version: string;
  readonly #assets: ReadonlyMap<string, Asset>;

  constructor(assets: ReadonlyMap<string, Asset>) {
    this.#assets = assets;
    this.version = hash([...assets].flatMap(([name, { source }]) => [`${name}\0${source.length}\0`, source]));
  }

  /** Responds to a request for `:version/:file`. @throws {Problem} `not-found` */
  async send(req: Request, res: Response): Promise<void> {
    const { version, file } = req.params;
    const asset = this.#assets.get(String(file));
    if (asset === undefined) throw new Problem('not-found');
    // During a reload a worker with new code may get a request of an old page: it sends the file that it has.
    await asset.send(req, res, version === this.version);
  }
}
