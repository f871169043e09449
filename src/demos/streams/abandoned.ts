/** The client leaves half-way: what stays open behind it. */
import { createReadStream, type ReadStream } from 'node:fs';
import { readdir, readlink } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { pipeline } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { demoRoute, wholeNumber, type DemoRoute } from '../demo.ts';
import { overLoopback } from '../evidence/loopback.ts';
import { open } from '../evidence/request.ts';
import { toMicroseconds } from '../evidence/timeline.ts';
import { count, ms } from '../evidence/words.ts';

/** More than the sockets' buffers take, so that no source can come to its end before its client has left. */
const FILE_BYTES = 200_000_000;
/** How long what a client left behind may take to close. */
const PATIENCE_MS = 400;

const abandoned = z.strictObject({
  clients: z.number(),
  openDescriptorsBefore: z.number().describe('Of the file, in this process'),
  openDescriptorsDuring: z.number(),
  openDescriptorsAfter: z.number(),
  liveStreamsAfter: z.number().describe('Sources that were not destroyed'),
  settledMs: z.number().describe('From the last client leaving to nothing being open, or to giving up'),
});
type Abandoned = z.infer<typeof abandoned>;

type Connect = (source: ReadStream, res: ServerResponse) => void;

export const abandonedRoutes = [
  abandonedRoute(
    'pipe',
    'pipeline',
    (source, res) => void source.pipe(res),
    'A file is piped to clients that leave half-way: the files stay open, which is the wrong way.',
    'pipe passes data on and nothing else: when the client leaves, nobody tells the source, and its descriptor stays.',
  ),
  abandonedRoute(
    'pipeline',
    'pipe',
    (source, res) => void pipeline(source, res, () => undefined),
    'The same file and the same clients, with pipeline: every file is closed.',
    'pipeline destroys every stream when one of them ends early or fails.',
  ),
];

function abandonedRoute(
  name: string,
  other: string,
  connect: Connect,
  summary: string,
  teaches: string,
): DemoRoute {
  return demoRoute({
    method: 'get',
    path: `/${name}`,
    summary,
    teaches,
    query: z.object({ clients: wholeNumber('Clients that leave', { min: 1, max: 20, default: 5 }) }),
    result: abandoned,
    examples: [{ title: `Clients leave a ${name}`, query: { as: 'text' } }],
    contrasts: [`streams/${other}`],
    async run({ query, signal, timeline, tools }) {
      const result = await tools.scratch.lendFile(FILE_BYTES, async (path) => {
        const sources: ReadStream[] = [];
        const openNow = () => countDescriptors(path, sources);
        try {
          const openDescriptorsBefore = await openNow();
          const endVisit = timeline.begin('clients read a little', 'clients');
          const { openDescriptorsDuring } = await overLoopback(
            (_req, res) => {
              const source = createReadStream(path);
              sources.push(source);
              connect(source, res);
            },
            async (origin) => {
              const leaving = Array.from({ length: query.clients }, () => readALittle(origin, signal));
              const responses = await Promise.all(leaving);
              const during = await openNow();
              for (const response of responses) response.destroy();
              return { openDescriptorsDuring: during };
            },
          );
          const leftMs = endVisit().endMs;
          const end = timeline.begin('until closed or given up', 'server');
          while ((await openNow()) > 0 && timeline.now() < leftMs + PATIENCE_MS) await sleep(10);
          end();
          return {
            clients: query.clients,
            openDescriptorsBefore,
            openDescriptorsDuring,
            openDescriptorsAfter: await openNow(),
            liveStreamsAfter: sources.filter((source) => !source.destroyed).length,
            settledMs: toMicroseconds(timeline.now() - leftMs),
          };
        } finally {
          // What this demo leaks on purpose ends with it.
          // One that still opens the file will fail, for the file goes as well: that is no news to anybody.
          for (const source of sources) source.on('error', () => undefined).destroy();
        }
      });
      return { result, lesson: conclude(name, result) };
    },
  });
}

async function readALittle(origin: string, signal: AbortSignal) {
  const response = await open(origin, { signal });
  for await (const _chunk of response.iterator({ destroyOnReturn: false })) break;
  response.on('error', () => undefined); // it is this side that leaves
  return response;
}

/** Descriptors of a file that this process has open, as the kernel tells; by the streams where it tells nobody. */
async function countDescriptors(path: string, sources: readonly ReadStream[]): Promise<number> {
  const folder = '/proc/self/fd';
  const names = await readdir(folder).catch(() => undefined);
  if (names === undefined) return sources.filter((source) => !source.closed).length;
  const links = await Promise.all(names.map((name) => readlink(join(folder, name)).catch(() => '')));
  return links.filter((link) => link === path).length;
}

function conclude(name: string, seen: Abandoned): string {
  const { clients, openDescriptorsDuring, openDescriptorsAfter, liveStreamsAfter, settledMs } = seen;
  const before = `${count(clients, 'client')} left ${name} half-way, with ${count(openDescriptorsDuring, 'descriptor')} open`;
  return openDescriptorsAfter === 0
    ? `${before}; ${ms(settledMs)} later none was open and ${count(liveStreamsAfter, 'source')} lived: nothing leaked.`
    : `${before}; ${ms(settledMs)} later ${openDescriptorsAfter} were still open and ${count(liveStreamsAfter, 'source')} lived, and would be for as long as the process: a leak.`;
}
