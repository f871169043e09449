import { createServer, request as startRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import { duplexPair } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { toMicroseconds, type Timeline } from './timeline.ts';

const POLL_MS = 10;
/** A source that made nothing for this many polls has stopped. */
const IDLE_POLLS = 12;

export const stalledDelivery = z.strictObject({
  bytes: z.number().describe('Bytes of the body that the client received'),
  chunks: z.number(),
  firstByteMs: z
    .number()
    .describe('Until the headers arrived, which are sent with the first bytes of the body'),
  stalledMs: z.number().describe('How long the client read nothing after the headers'),
  lastByteMs: z.number().describe('Without the time that the client read nothing'),
});
export type StalledDelivery = z.infer<typeof stalledDelivery>;

interface Stall {
  /** How much the source has made so far, in any unit. */
  readonly made: () => number;
  /** Whether the source has made everything. */
  readonly complete: () => boolean;
  /** Receives every chunk as it arrives. */
  readonly onChunk?: (chunk: Buffer) => void;
  /** Runs when the source has stopped or has made everything, and the client has read nothing of the body. */
  readonly onStalled: () => void;
}

/**
 * Sends a response to a client that reads its headers, then nothing until the source stops, then the body. With
 * back-pressure the source stops after a few chunks; without it, it makes everything.
 *
 * The connection is a pair of streams in this process: the kernel would buffer megabytes of a socket, and hide whether
 * the source stops.
 *
 * @throws the signal's reason, or the error of the connection if the response was cut off
 */
export async function deliverStalled(
  send: (res: ServerResponse) => Promise<unknown>,
  { made, complete, onStalled, onChunk = () => undefined }: Stall,
  timeline: Timeline,
  signal: AbortSignal,
): Promise<StalledDelivery> {
  const [clientSide, serverSide] = duplexPair();
  const server = createServer((_req, res) => void send(res).catch(() => res.destroy()));
  server.emit('connection', serverSide);
  try {
    const startMs = timeline.now();
    const request = startRequest({ createConnection: () => clientSide, signal });
    request.end();
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    const stallMs = timeline.now();
    await untilIdle(made, complete, signal);
    onStalled();
    const readMs = timeline.now();
    let bytes = 0;
    let chunks = 0;
    for await (const chunk of response as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      chunks += 1;
      onChunk(chunk);
    }
    const endMs = timeline.now();
    timeline.add('until the first byte', 'client', startMs, stallMs);
    timeline.add('reads nothing', 'client', stallMs, readMs);
    timeline.add('reads the body', 'client', readMs, endMs);
    return {
      bytes,
      chunks,
      firstByteMs: toMicroseconds(stallMs - startMs),
      stalledMs: toMicroseconds(readMs - stallMs),
      lastByteMs: toMicroseconds(endMs - startMs - (readMs - stallMs)),
    };
  } finally {
    clientSide.destroy();
    serverSide.destroy();
  }
}

async function untilIdle(made: () => number, complete: () => boolean, signal: AbortSignal): Promise<void> {
  let last = made();
  for (let idle = 0; idle < IDLE_POLLS && !complete();) {
    await sleep(POLL_MS, undefined, { signal });
    const now = made();
    idle = now === last ? idle + 1 : 0;
    last = now;
  }
}
