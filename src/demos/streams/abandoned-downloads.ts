/** What `/pipe` and `/pipeline` share: clients that disconnect midway, and what stays open. */
import { createReadStream, type ReadStream } from 'node:fs';
import { readdir, readlink } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { count, ms } from '../kit/answer/units.ts';
import { wholeNumber, type DemoCall, type Lesson, type Observation } from '../kit/demo.ts';
import { overLoopback, sendRequest } from '../kit/measure/loopback.ts';
import { toMicroseconds } from '../kit/measure/timeline.ts';

/** More than the socket buffers hold, so that no source ends before its client disconnects. */
const FILE_BYTES = 200_000_000;
const CLOSE_TIMEOUT_MS = 400;
const CLOSE_POLL_MS = 10;

const query = z.object({
  clients: wholeNumber('Clients that disconnect', { min: 1, max: 20, default: 5 }),
});
const result = z.strictObject({
  clients: z.number(),
  openDescriptorsBefore: z.number().describe('Descriptors of the file in this process'),
  openDescriptorsDuring: z.number(),
  openDescriptorsAfter: z.number(),
  liveStreamsAfter: z.number().describe('Sources that were not destroyed'),
  settledMs: z
    .number()
    .describe('From the last disconnect until no descriptor was open, or until the timeout'),
});
type Result = z.infer<typeof result>;

export const abandonedDownloads = { method: 'get', query, result } as const;

/** Serves a file to clients that disconnect midway. @param connect connects the file to a response */
export async function abandonDownloads(
  name: string,
  connect: (source: ReadStream, res: ServerResponse) => void,
  call: DemoCall<unknown, z.output<typeof query>, unknown>,
): Promise<Observation<Result>> {
  const { clients } = call.query;
  const { signal, timeline, resources } = call;
  const measured = await resources.scratch.withFile(FILE_BYTES, async (path) => {
    const sources: ReadStream[] = [];
    const countOpen = () => countDescriptors(path, sources);
    try {
      const openDescriptorsBefore = await countOpen();
      const endVisit = timeline.begin('read one chunk each', 'clients');
      const openDescriptorsDuring = await overLoopback(
        (_req, res) => {
          const source = createReadStream(path);
          sources.push(source);
          connect(source, res);
        },
        async (origin) => {
          const responses = await Promise.all(
            Array.from({ length: clients }, () => readOneChunk(origin, signal)),
          );
          const openDescriptors = await countOpen();
          for (const response of responses) response.destroy();
          return openDescriptors;
        },
      );
      const disconnectedMs = endVisit().endMs;
      const endWait = timeline.begin('until closed, or timeout', 'server');
      const deadlineMs = disconnectedMs + CLOSE_TIMEOUT_MS;
      while ((await countOpen()) > 0 && timeline.now() < deadlineMs) await sleep(CLOSE_POLL_MS);
      endWait();
      return {
        clients,
        openDescriptorsBefore,
        openDescriptorsDuring,
        openDescriptorsAfter: await countOpen(),
        liveStreamsAfter: sources.filter((source) => !source.destroyed).length,
        settledMs: toMicroseconds(timeline.now() - disconnectedMs),
      };
    } finally {
      // Ends the deliberate leak. A source that is still opening the file fails, because the file is removed as well.
      for (const source of sources) source.on('error', () => undefined).destroy();
    }
  });
  return { result: measured, lesson: describe(name, measured) };
}

async function readOneChunk(origin: string, signal: AbortSignal): Promise<IncomingMessage> {
  const response = await sendRequest(origin, { signal });
  for await (const _chunk of response.iterator({ destroyOnReturn: false })) break;
  response.on('error', () => undefined); // expected: this side disconnects
  return response;
}

/** The open descriptors of a file in this process, from /proc; without /proc, the streams that are not closed. */
async function countDescriptors(path: string, sources: readonly ReadStream[]): Promise<number> {
  const folder = '/proc/self/fd';
  const names = await readdir(folder).catch(() => undefined);
  if (names === undefined) return sources.filter((source) => !source.closed).length;
  const links = await Promise.all(names.map((name) => readlink(join(folder, name)).catch(() => '')));
  return links.filter((link) => link === path).length;
}

function describe(name: string, measured: Result): Lesson {
  const { openDescriptorsDuring, openDescriptorsAfter, liveStreamsAfter, settledMs } = measured;
  const clients = count(measured.clients, 'client');
  const isClosed = openDescriptorsAfter === 0;
  const open = isClosed ? 'no descriptor' : count(openDescriptorsAfter, 'descriptor');
  return {
    headline: `${name} left ${open} open after ${clients} disconnected`,
    text:
      `${clients} of ${name} disconnected midway, with ${count(openDescriptorsDuring, 'descriptor')} open. ` +
      `${ms(settledMs)} later, ${open} and ${count(liveStreamsAfter, 'source stream')} remained open. ` +
      (isClosed
        ? 'No descriptor leaked.'
        : 'Had this demo not closed them, they would stay open until the process exits: a leak.'),
  };
}
