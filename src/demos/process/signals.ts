import { createInterface } from 'node:readline';
import { z } from 'zod';
import { demoRoute, type DemoCall } from '../demo.ts';
import { toMicroseconds } from '../evidence/timeline.ts';
import { lendChild, outputOf } from '../work/lend-child.ts';

const listener = new URL('./listener.ts', import.meta.url);

const tried = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGKILL'] as const;

const rowSchema = z.strictObject({
  sent: z.enum(tried),
  listener: z.string().describe('none, installed, or refused with the code of the error'),
  handled: z.boolean().describe('Whether the child said that it had come'),
  code: z.number().nullable(),
  endedBy: z.string().nullable().describe('The signal that ended it, where one did'),
  endedAfterMs: z.number(),
});
type Row = z.infer<typeof rowSchema>;

export const signals = demoRoute({
  method: 'get',
  path: '/signals',
  summary: 'SIGINT, SIGTERM, SIGHUP and SIGKILL, each sent to a child that listens and to one that does not.',
  teaches:
    'A signal with a listener is an event, and the process decides; without one it ends the process. SIGKILL has no ' +
    'listener: the kernel does not ask.',
  result: z.strictObject({ children: z.array(rowSchema) }),
  examples: [{ title: 'Which can be handled', query: { as: 'text' } }],
  contrasts: ['process/exit-codes', 'child-processes/time-out'],
  async run({ signal, timeline, tools }) {
    const cases = tried.flatMap((sent) =>
      (['ignore', 'listen'] as const).map((manner) => ({ sent, manner })),
    );
    const children = await Promise.all(
      cases.map(({ sent, manner }) =>
        tools.budgets.children.use(1, signal, () =>
          timeline.record(`${sent}, ${manner === 'listen' ? 'listens' : 'does not'}`, 'children', () =>
            send(sent, manner, { signal, tools }),
          ),
        ),
      ),
    );
    return { result: { children }, lesson: conclude(children) };
  },
});

type Call = Pick<DemoCall<never, never, never>, 'signal' | 'tools'>;

async function send(sent: Row['sent'], manner: 'ignore' | 'listen', { signal, tools }: Call): Promise<Row> {
  const started = tools.children.startNode(listener, { args: [sent, manner], signal });
  return lendChild(started, async (child) => {
    const said: string[] = [];
    const ready = Promise.withResolvers<undefined>();
    createInterface({ input: outputOf(child) }).on('line', (line) => {
      said.push(line);
      ready.resolve(undefined);
    });
    void child.exited.then((exit) => ready.reject(new Error(`it ended early: ${JSON.stringify(exit)}`)));
    await ready.promise; // a signal that comes before would find no listener
    const sentAt = performance.now();
    child.process.kill(sent);
    const { code, signal: endedBy } = await child.exited;
    signal.throwIfAborted();
    return {
      sent,
      listener: said[0] ?? 'none',
      handled: said.includes(`heard ${sent}`),
      code,
      endedBy,
      endedAfterMs: toMicroseconds(performance.now() - sentAt),
    };
  });
}

export function conclude(children: readonly Row[]): string {
  const listening = children.filter(({ listener: with_ }) => with_ !== 'none');
  const handled = listening.filter((child) => child.handled).map(({ sent }) => sent);
  const not = listening.filter((child) => !child.handled);
  const deaf = children.filter(({ listener: with_ }) => with_ === 'none');
  const ended = deaf.filter(({ sent, endedBy }) => sent === endedBy).length;
  const could =
    handled.length === 0 ? 'No signal could be handled' : `${handled.join(', ')} could be handled`;
  const couldNot = not.map(({ sent, listener: why }) => `${sent} could not (listener ${why})`).join(', ');
  return `${could}${couldNot === '' ? '' : `, ${couldNot}`}. Without a listener ${ended} of ${deaf.length} children were ended by the signal itself.`;
}
