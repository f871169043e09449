import { pbkdf2, randomBytes, subtle } from 'node:crypto';
import { lookup, lookupService, Resolver } from 'node:dns/promises';
import { once } from 'node:events';
import { utimesSync, watch, writeFileSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { buffer, text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { createGzip, gzip } from 'node:zlib';
import { sendRequest, overLoopback } from '../kit/measure/loopback.ts';
import type { DemoResources } from '../kit/resources/resources.ts';
import { withNameServer } from './name-server.ts';

/** Asynchronous operations by name. */
export type Operations = Readonly<Record<string, () => Promise<unknown>>>;

/** Lends operations that use the pool and others that do not. Unhindered, each takes well under a millisecond. */
export function withOperations<T>(
  signal: AbortSignal,
  resources: DemoResources,
  work: (operations: Operations) => Promise<T>,
): Promise<T> {
  const folder = new URL('.', import.meta.url);
  const sample = Buffer.alloc(4_096, 'pool');
  const [derive, random, compress] = [promisify(pbkdf2), promisify(randomBytes), promisify(gzip)];
  const program = new URL(import.meta.url);
  return withServers(resources, async (origin, server, watchedPath) => {
    // Keeps the default of four tries. After fast responses c-ares times out much earlier than this, and takes a
    // response for lost that a busy event loop has not read yet.
    const resolver = new Resolver({ timeout: 5_000 });
    resolver.setServers([server]);
    let names = 0;
    const watcher = watch(watchedPath);
    try {
      return await work({
        'fs.stat': () => stat(folder),
        'fs.readdir': () => readdir(folder),
        'fs.promises.readFile': () => readFile(program),
        // The kernel reports the change through a descriptor that the event loop polls.
        'fs.watch': async () => {
          const changed = once(watcher, 'change');
          utimesSync(watchedPath, 0, (names += 1));
          await changed;
        },
        'dns.lookup': () => lookup('localhost').catch(() => undefined),
        // A new name each time, so that no cache can respond.
        'dns.resolve': () => resolver.resolve4(`name-${(names += 1)}.test`),
        'dns.reverse': () => resolver.reverse(`192.0.2.${(names += 1)}`).catch(() => undefined),
        'dns.lookupService': () => lookupService('127.0.0.1', 80).catch(() => undefined),
        'crypto.pbkdf2': () => derive('password', 'salt', 1, 64, 'sha512'),
        'crypto.randomBytes': () => random(4_096),
        'crypto.subtle': () => subtle.digest('SHA-256', sample),
        'zlib.gzip': () => compress(sample),
        'zlib stream': () => {
          const stream = createGzip();
          stream.end(sample);
          return buffer(stream);
        },
        'socket (HTTP)': async () => text(await sendRequest(origin, { signal })),
      });
    } finally {
      watcher.close();
      resolver.cancel();
    }
  });
}

/** Lends the origin of an HTTP server, the address of a DNS server and a file to watch. */
function withServers<T>(
  resources: DemoResources,
  work: (origin: string, server: string, path: string) => Promise<T>,
): Promise<T> {
  return resources.scratch.withPath((path) => {
    writeFileSync(path, '');
    return withNameServer((server) =>
      overLoopback(
        (_req, res) => res.end('here'),
        (origin) => work(origin, server, path),
      ),
    );
  });
}
