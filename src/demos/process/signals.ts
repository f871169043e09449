import { performance } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { demoRoute, type DemoCall, type Lesson } from '../kit/demo.ts';
import { isStopped } from '../kit/measure/alive.ts';
import { toMicroseconds } from '../kit/measure/timeline.ts';
import { mapInLanes } from '../kit/resources/lanes.ts';
import { stdoutOf, withChild } from '../kit/resources/with-child.ts';

const program = new URL('./listener-child.ts', import.meta.url);

const sentSignals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGPIPE', 'SIGKILL', 'SIGSTOP'] as const;
const reactions = ['default', 'listen'] as const;
const LANES = 2;
/** A child that has not ended by then keeps running. */
const WATCH_MS = 300;

const rowSchema = z.strictObject({
  sent: z.enum(sentSignals),
  listener: z.string().describe('none, installed, or refused with the error code'),
  handled: z.boolean().describe('Whether the child reported that it received the signal'),
  code: z.number().nullable(),
  endedBy: z.string().nullable().describe('The signal that ended the child, if one did'),
  outcome: z.enum(['ended', 'stopped', 'debugger started', 'kept running']),
  endedAfterMs: z.number().nullable(),
});
type Row = z.infer<typeof rowSchema>;

export const signals = demoRoute({
  method: 'get',
  path: '/signals',
  title: 'Handle signals',
  summary: 'Sends seven signals, each to a child with a listener and to one without.',
  teaches:
    'With a listener, SIGINT, SIGTERM and SIGHUP become events and the process decides; without one, they end the process. ' +
    'SIGKILL and SIGSTOP cannot be handled. Node.js ignores SIGPIPE, and SIGUSR1 starts its debugger.',
  result: z.strictObject({ children: z.array(rowSchema) }),
  examples: [{ title: 'Signals that can be handled', query: { as: 'text' } }],
  contrasts: ['process/exit-codes', 'child-processes/time-out'],
  async run({ signal, timeline, resources }) {
    const cases = sentSignals.flatMap((sent) => reactions.map((reaction) => ({ sent, reaction })));
    const children = await mapInLanes(cases, LANES, ({ sent, reaction }, lane) =>
      resources.budgets.children.use(1, signal, () =>
        timeline.record(
          `${sent}, ${reaction === 'listen' ? 'listener' : 'no listener'}`,
          `lane ${lane + 1}`,
          () => send(sent, reaction, { signal, resources }),
        ),
      ),
    );
    return { result: { children }, lesson: conclude(children) };
  },
});

type Call = Pick<DemoCall<never, never, never>, 'signal' | 'resources'>;

async function send(
  sent: Row['sent'],
  reaction: (typeof reactions)[number],
  { signal, resources }: Call,
): Promise<Row> {
  const started = resources.children.startNode(program, { args: [sent, reaction], signal });
  return withChild(started, async (child) => {
    const lines: string[] = [];
    let errors = '';
    child.process.stderr?.setEncoding('utf8').on('data', (text: string) => (errors += text));
    const ready = Promise.withResolvers<undefined>();
    createInterface({ input: stdoutOf(child) }).on('line', (line) => {
      lines.push(line);
      ready.resolve(undefined);
    });
    void child.exited.then((exit) =>
      ready.reject(new Error(`the child ended before it was ready: ${JSON.stringify(exit)}`)),
    );
    await ready.promise; // an earlier signal would find no listener
    const sentAt = performance.now();
    child.process.kill(sent);
    const exit = await Promise.race([child.exited, sleep(WATCH_MS, undefined, { signal })]);
    const endedAfterMs = toMicroseconds(performance.now() - sentAt);
    signal.throwIfAborted();
    const reported = { sent, listener: lines[0] ?? 'none', handled: lines.includes(`received ${sent}`) };
    if (exit !== undefined) {
      return { ...reported, code: exit.code, endedBy: exit.signal, outcome: 'ended', endedAfterMs };
    }
    const outcome = isStopped(child.pid)
      ? 'stopped'
      : errors.includes('Debugger listening')
        ? 'debugger started'
        : 'kept running';
    return { ...reported, code: null, endedBy: null, outcome, endedAfterMs: null };
  });
}

export function conclude(children: readonly Row[]): Lesson {
  const silent = children.filter(({ listener }) => listener === 'none');
  const listening = children.filter(({ listener }) => listener !== 'none');
  const handled = listening.filter((child) => child.handled).map(({ sent }) => sent);
  const unhandled = listening.filter((child) => !child.handled);
  const ended = silent.filter(({ sent, endedBy }) => sent === endedBy);
  const others = silent.filter(({ outcome }) => outcome !== 'ended');
  const could =
    handled.length === 0 ? 'No signal could be handled' : `${handled.join(', ')} could be handled`;
  const couldNot = unhandled.map(({ sent }) => sent).join(', ');
  const reasons = unhandled.map(({ sent, listener }) => `The listener for ${sent} was ${listener}.`);
  return {
    headline: couldNot === '' ? could : `${could}, ${couldNot} could not`,
    text: [
      ...reasons,
      `Without a listener, the signal itself ended ${ended.length} of ${silent.length} children` +
        `${others.length === 0 ? '' : `; the others: ${others.map(({ sent, outcome }) => `${sent} ${outcome}`).join(', ')}`}.`,
    ].join(' '),
  };
}
