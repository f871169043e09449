import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { Request, Response } from 'express';
import { MadeOnce } from '../process/made-once.ts';

const brotli = promisify(brotliCompress);
const deflate = promisify(gzip);
/** Nearly as small as the best, at a fraction of its time; it is done once. */
const BROTLI_QUALITY = 9;
/**
 * At this quality a window of more than 64 KB has tables that cost 20 ms to clear, for each file: fifty small ones took a
 * second, and take 20 ms with a window of their size.
 */
const BROTLI_SMALL_WINDOW_BITS = 16;

/** A file of the page: made of its source and compressed once, when it is first asked for. */
export class Asset {
  readonly type: string;
  readonly source: string | Buffer;
  readonly #make: (source: string) => string;
  #content: Buffer | undefined;
  #tag: string | undefined;
  readonly #compressed = {
    br: new MadeOnce(async () => brotliWithin(this.content)),
    gzip: new MadeOnce(async () => deflate(this.content)),
  };

  /** @param make turns the source into what is served; all at once would hold the event loop too long */
  constructor(type: string, source: string | Buffer, make = (text: string) => text) {
    this.type = type;
    this.source = source;
    this.#make = make;
  }

  get content(): Buffer {
    this.#content ??= typeof this.source === 'string' ? Buffer.from(this.#make(this.source)) : this.source;
    return this.#content;
  }

  /** Answers with it; `immutable` where its address changes with its content, else the browser asks whether it has. */
  async send(req: Request, res: Response, immutable: boolean): Promise<void> {
    res.set('Content-Type', this.type);
    res.set('Cache-Control', immutable ? 'public, max-age=31536000, immutable' : 'no-cache');
    // Weak: it is one tag for all encodings.
    if (!immutable) res.set('ETag', (this.#tag ??= `W/"${digest([this.content])}"`));
    res.vary('Accept-Encoding');
    const encoding = req.acceptsEncodings('br', 'gzip', 'identity');
    if (encoding === 'br' || encoding === 'gzip') {
      const body = await this.#compressed[encoding].get();
      res.set('Content-Encoding', encoding).send(body);
    } else {
      res.send(this.content);
    }
  }
}

/** Twelve characters that differ where the parts do. */
function digest(parts: readonly (string | Buffer)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('base64url').slice(0, 12);
}

function brotliWithin(content: Buffer): Promise<Buffer> {
  const small = content.length <= 2 ** BROTLI_SMALL_WINDOW_BITS;
  return brotli(content, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY,
      [constants.BROTLI_PARAM_LGWIN]: small ? BROTLI_SMALL_WINDOW_BITS : constants.BROTLI_DEFAULT_WINDOW,
    },
  });
}

/** Assets under one address that changes with the content of any of them. */
export class AssetFolder {
  readonly version: string;
  readonly #assets: ReadonlyMap<string, Asset>;

  constructor(assets: ReadonlyMap<string, Asset>) {
    this.#assets = assets;
    this.version = digest(
      [...assets].flatMap(([name, { source }]) => [`${name}\0${source.length}\0`, source]),
    );
  }

  /** @returns whether there is such a file */
  async send(version: unknown, name: unknown, req: Request, res: Response): Promise<boolean> {
    const asset = this.#assets.get(String(name));
    if (asset === undefined) return false;
    // During a reload a page of the old version may be served by a worker of the new one: it gets what there is.
    await asset.send(req, res, version === this.version);
    return true;
  }
}
