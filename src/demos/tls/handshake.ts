import { once } from 'node:events';
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import type { ConnectionOptions } from 'node:tls';
import { z } from 'zod';
import { count, ms, portion } from '../kit/answer/units.ts';
import { demoRoute, wholeNumber, type DemoCall, type Lesson } from '../kit/demo.ts';
import { overRelay } from '../kit/measure/relay.ts';
import { toMicroseconds } from '../kit/measure/timeline.ts';
import { rejectLongWork } from '../kit/work-limit.ts';
import { trustedServer } from './authority.ts';
import { overTls, withConnection } from './tls-client.ts';

const versions = ['TLSv1.2', 'TLSv1.3'] as const;
/** CPU time is counted over as many handshakes without a delay. */
const CPU_HANDSHAKES = 20;
/** For the estimate of a run: TCP connects to the relay at once, then TLS 1.2 needs two round trips, and the echo one. */
const MOST_ROUND_TRIPS = 3;
/** A larger part of a round trip beyond the whole ones is not only the computing time of both sides. */
const MAX_REST = 0.6;

const rowSchema = z.strictObject({
  version: z.enum(versions),
  resumed: z.boolean().describe('Whether the client offered a session of an earlier connection'),
  reused: z.number().describe('Handshakes in which the server took it'),
  fastestMs: z.number().describe('From the first byte of the handshake to the echo of one byte'),
  roundTrips: z.number().describe('The same in round trips of the slow line, including that of the echo'),
  cpuMicroseconds: z.number().describe('CPU time of this thread per handshake, both sides together'),
});
export type Row = z.infer<typeof rowSchema>;

export const handshake = demoRoute({
  method: 'get',
  path: '/handshake',
  title: 'Shake hands',
  summary:
    'Connects over a slow line with TLS 1.2 and 1.3, with a full handshake and with a resumed session.',
  teaches:
    'A TLS 1.2 handshake takes two round trips before the first byte of a request, TLS 1.3 takes one. A resumed session ' +
    'saves the signature of the certificate: CPU time in both versions, and a round trip in TLS 1.2. A connection that is ' +
    'kept alive saves all of it.',
  query: z.object({
    handshakes: wholeNumber('Handshakes of each kind', { min: 1, max: 15, default: 5 }),
    delayMs: wholeNumber('How long a packet travels in one direction, in milliseconds', {
      min: 5,
      max: 50,
      default: 15,
    }),
  }),
  result: z.strictObject({ delayMs: z.number(), handshakes: z.number(), rows: z.array(rowSchema) }),
  examples: [
    { title: 'Four kinds of handshakes', query: { as: 'text' } },
    { title: 'A longer line', query: { delayMs: 40, as: 'text' } },
  ],
  contrasts: ['tls/versions', 'http2/multiplexing'],
  alone: true,
  async run(call) {
    const { handshakes, delayMs } = call.query;
    const kinds = versions.length * 2;
    rejectLongWork('run', kinds * handshakes * MOST_ROUND_TRIPS * 2 * (delayMs + 1), [
      'handshakes',
      'delayMs',
    ]);
    const rows = await compare(call);
    return { result: { delayMs, handshakes, rows }, lesson: conclude(rows, delayMs) };
  },
});

type HandshakeCall = DemoCall<unknown, { readonly handshakes: number; readonly delayMs: number }, unknown>;

async function compare({ query, signal, timeline }: HandshakeCall): Promise<Row[]> {
  const { ca, server: certificate } = await trustedServer();
  return overTls(certificate, (port) =>
    overRelay({ to: port, delayMs: query.delayMs }, async (slowPort) => {
      const rows: Row[] = [];
      for (const version of versions) {
        const options = { ca: ca.cert, minVersion: version, maxVersion: version };
        const session = await takeSession({ ...options, port }, signal);
        for (const resumed of [false, true]) {
          const offered = resumed ? { ...options, session } : options;
          const lane = `${version}${resumed ? ', resumed' : ''}`;
          const slow: Echo[] = [];
          for (let index = 0; index < query.handshakes; index += 1) {
            const end = timeline.begin(`handshake ${index + 1}`, lane);
            slow.push(await echo({ ...offered, port: slowPort }, signal));
            end();
          }
          const cpuBefore = process.threadCpuUsage();
          for (let index = 0; index < CPU_HANDSHAKES; index += 1) await echo({ ...offered, port }, signal);
          const { user, system } = process.threadCpuUsage(cpuBefore);
          // A busy machine only adds to the time of the line.
          const fastestMs = Math.min(...slow.map(({ elapsedMs }) => elapsedMs));
          rows.push({
            version,
            resumed,
            reused: slow.filter(({ reused }) => reused).length,
            fastestMs: toMicroseconds(fastestMs),
            roundTrips: Math.round((fastestMs / (2 * query.delayMs)) * 100) / 100,
            cpuMicroseconds: Math.round((user + system) / CPU_HANDSHAKES),
          });
        }
      }
      return rows;
    }),
  );
}

interface Echo {
  readonly elapsedMs: number;
  readonly reused: boolean;
}

/** Connects, sends a byte and waits until it comes back. */
function echo(options: ConnectionOptions, signal: AbortSignal): Promise<Echo> {
  return withConnection(options, signal, async (socket) => {
    await once(socket, 'connect');
    const startedAt = performance.now();
    await once(socket, 'secureConnect');
    const echoed = once(socket, 'data');
    socket.write('x');
    await echoed;
    return { elapsedMs: performance.now() - startedAt, reused: socket.isSessionReused() };
  });
}

/** The session that a server gives to a client: in TLS 1.3 with the first bytes after the handshake. */
function takeSession(options: ConnectionOptions, signal: AbortSignal): Promise<Buffer> {
  return withConnection(options, signal, async (socket) => {
    const [session] = (await once(socket, 'session')) as [Buffer];
    return session;
  });
}

export function conclude(rows: readonly Row[], delayMs: number): Lesson {
  const [full12, resumed12, full13, resumed13] = rows;
  if (!full12 || !resumed12 || !full13 || !resumed13) throw new Error('there are four kinds of handshakes');
  const list = (figure: (row: Row) => string) =>
    rows.map((row) => `${row.version}${row.resumed ? ' resumed' : ''} ${figure(row)}`).join(', ');
  const line = `Round trips of ${ms(2 * delayMs)} until the echo of one byte, which is one of them: ${list(({ roundTrips }) => roundTrips.toFixed(1))}.`;
  const cpu =
    `CPU time of both sides without the line: ${list(({ cpuMicroseconds }) => `${cpuMicroseconds} µs`)}. ` +
    `${describeResumption(full12, resumed12)} ${describeResumption(full13, resumed13)}`;
  const saved = wholeTrips(full12) - wholeTrips(full13);
  const clear = rows.every((row) => row.roundTrips - wholeTrips(row) < MAX_REST);
  return clear && saved > 0
    ? {
        headline: `TLS 1.3 saved ${count(saved, 'round trip')}: ${ms(full13.fastestMs)} instead of ${ms(full12.fastestMs)}`,
        text: `${line} ${cpu}`,
      }
    : {
        headline: 'This run does not tell how many round trips there were',
        text: `${line} The machine was busy, or the line too short: set a longer delayMs. ${cpu}`,
      };
}

function wholeTrips({ roundTrips }: Row): number {
  return Math.floor(roundTrips);
}

function describeResumption(full: Row, resumed: Row): string {
  if (resumed.reused === 0) return `The server did not resume a ${full.version} session.`;
  const trips = wholeTrips(full) - wholeTrips(resumed);
  const ratio = resumed.cpuMicroseconds / full.cpuMicroseconds;
  return `A resumed ${full.version} session saved ${trips > 0 ? count(trips, 'round trip') : 'no round trip'} and took ${portion(ratio, 'the CPU time')}.`;
}
