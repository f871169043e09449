import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { bytes, count, ms } from '../kit/answer/units.ts';
import { rawRoute, wholeNumber, type DemoCall, type Lesson } from '../kit/demo.ts';
import { countSurvivors, isAlive } from '../kit/measure/alive.ts';
import { overLoopback, sendRequest } from '../kit/measure/loopback.ts';
import { toMicroseconds } from '../kit/measure/timeline.ts';
import type { Child } from '../kit/resources/children.ts';
import { stdoutOf } from '../kit/resources/with-child.ts';
import { sendStream } from '../kit/send-stream.ts';

const program = new URL('./lines-child.ts', import.meta.url);

/** How long the observing client does not read, so that the buffers fill. */
const PAUSE_MS = 250;
const LINES_READ = 3;

const observedSchema = z.strictObject({
  lines: z.number().describe('Lines that the program was asked to print'),
  linesRead: z.number().describe('Lines that the client read before it paused and then disconnected'),
  acceptedBytes: z.number().describe('What this process had accepted from the program after the pause'),
  acceptedLines: z.number().describe('That many lines, about'),
  ended: z.boolean().describe('Whether the program had printed everything by then'),
  processes: z.number().describe('The program and its child, while the client was connected'),
  survivors: z.number().describe('How many of them still run after the client disconnected'),
  endedAfterMs: z.number().describe('From the disconnect until the program had ended'),
});

export const streamRoute = rawRoute({
  method: 'get',
  path: '/stream',
  title: 'Stream output to the client',
  summary:
    'Streams the output of a child and its own child to the client, as fast as the client reads. With `as=text`, a client ' +
    'reads three lines, pauses and disconnects.',
  teaches:
    'Back-pressure reaches through the pipe into the child. When the client disconnects, the child and its descendants ' +
    'are ended.',
  query: z.object({
    lines: wholeNumber('Lines to print', { min: 1, max: 100_000_000, default: 1_000 }),
  }),
  response: { mediaType: 'text/plain', description: 'One line per printed line' },
  examples: [
    { title: 'A thousand lines', query: { lines: 1_000 } },
    {
      title: 'Disconnect early to end the child',
      query: { lines: 100_000_000 },
      pipe: 'head -3',
    },
    { title: 'What a slow client does to the child', query: { lines: 100_000_000, as: 'text' } },
  ],
  contrasts: ['child-processes/exec-file'],
  async send({ query, res, signal, resources }) {
    res.type('text').set('Cache-Control', 'no-store');
    await streamLines(query.lines, res, { signal, resources });
  },
  observed: observedSchema,
  async observe({ query, signal, resources, timeline }) {
    const started = Promise.withResolvers<Child>();
    return overLoopback(
      (_req, res) =>
        void streamLines(query.lines, res, { signal, resources }, (child) => started.resolve(child)).catch(
          () => res.destroy(),
        ),
      async (origin) => {
        const response = await sendRequest(origin, { signal });
        const endReading = timeline.begin(`read ${LINES_READ} lines`, 'client');
        const text = await readLines(response);
        endReading();
        const child = await started.promise;
        await timeline.record('pause', 'client', () => sleep(PAUSE_MS, undefined, { signal }));
        const pids = (/from process (\d+), child of (\d+)/.exec(text)?.slice(1) ?? []).map(Number);
        const acceptedBytes = (child.process.stdout as Socket | null)?.bytesRead ?? 0;
        const processes = pids.filter(isAlive).length;
        const ended = child.process.exitCode !== null;
        const endDisconnect = timeline.begin('end of the program', 'child');
        response.destroy();
        await child.exited;
        const { startMs, endMs } = endDisconnect();
        const result = {
          lines: query.lines,
          linesRead: Math.min(LINES_READ, query.lines),
          acceptedBytes,
          acceptedLines: Math.round(acceptedBytes / (1 + text.indexOf('\n'))),
          ended,
          processes,
          survivors: await countSurvivors(pids),
          endedAfterMs: toMicroseconds(endMs - startMs),
        };
        return { result, lesson: conclude(result) };
      },
    );
  },
});

type Call = Pick<DemoCall<never, never, never>, 'signal' | 'resources'>;

async function streamLines(
  lines: number,
  res: ServerResponse,
  { signal, resources }: Call,
  onStart: (child: Child) => void = () => undefined,
): Promise<void> {
  await resources.budgets.children.use(1, signal, async () => {
    const child = resources.children.startNode(program, {
      args: [String(lines)],
      signal,
      timeoutMs: 300_000,
    });
    onStart(child);
    try {
      await sendStream(stdoutOf(child), res, signal);
    } finally {
      child.end('aborted');
      await child.exited;
    }
  });
}

/** Reads the first lines, and leaves the rest to the buffers. */
async function readLines(response: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of response.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    text += chunk.toString();
    if (text.split('\n').length > LINES_READ) break;
  }
  return text;
}

export function conclude(result: z.infer<typeof observedSchema>): Lesson {
  const { lines, linesRead, acceptedLines, acceptedBytes, ended, processes, survivors, endedAfterMs } =
    result;
  if (ended) {
    return {
      headline: `The output of ${count(lines, 'line')} fit into the buffers`,
      text: `The program printed its whole output of ${count(lines, 'line')} (${bytes(acceptedBytes)}) before the client disconnected: too few to fill the buffers. Raise lines.`,
    };
  }
  return {
    headline: `A slow client stopped the program after about ${count(acceptedLines, 'line')}`,
    text:
      `The client read ${count(linesRead, 'line')} and paused. This process had accepted about ` +
      `${acceptedLines.toLocaleString('en')} of ${lines.toLocaleString('en')} lines (${bytes(acceptedBytes)}) by then: once the ` +
      `buffers were full, the program had to wait (back-pressure). The client disconnected, and the program ended ${ms(endedAfterMs)} ` +
      `later; ${survivors} of ${count(processes, 'process', 'processes')} survived.`,
  };
}
