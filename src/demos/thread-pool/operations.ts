import { pbkdf2, randomBytes } from 'node:crypto';
import { lookup, Resolver } from 'node:dns/promises';
import { readdir, stat } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { sendRequest, overLoopback } from '../kit/measure/loopback.ts';
import { withNameServer } from './name-server.ts';

/** Asynchronous operations by name. */
export type Operations = Readonly<Record<string, () => Promise<unknown>>>;

/** Lends operations that use the pool and others that do not. Unhindered, each takes well under a millisecond. */
export function withOperations<T>(
  signal: AbortSignal,
  work: (operations: Operations) => Promise<T>,
): Promise<T> {
  const folder = new URL('.', import.meta.url);
  const sample = Buffer.alloc(4_096, 'pool');
  const [derive, random, compress] = [promisify(pbkdf2), promisify(randomBytes), promisify(gzip)];
  return withNameServer((server) =>
    overLoopback(
      (_req, res) => res.end('here'),
      async (origin) => {
        // Keeps the default of four tries. After fast responses c-ares times out much earlier than this, and takes a
        // response for lost that a busy event loop has not read yet.
        const resolver = new Resolver({ timeout: 5_000 });
        resolver.setServers([server]);
        let names = 0;
        try {
          return await work({
            'fs.stat': () => stat(folder),
            'fs.readdir': () => readdir(folder),
            'dns.lookup': () => lookup('localhost').catch(() => undefined),
            // A new name each time, so that no cache can respond.
            'dns.resolve': () => resolver.resolve4(`name-${(names += 1)}.test`),
            'crypto.pbkdf2': () => derive('password', 'salt', 1, 64, 'sha512'),
            'crypto.randomBytes': () => random(4_096),
            'zlib.gzip': () => compress(sample),
            'socket (HTTP)': async () => text(await sendRequest(origin, { signal })),
          });
        } finally {
          resolver.cancel();
        }
      },
    ),
  );
}
