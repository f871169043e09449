import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { DemoCall, Lesson, Observation } from '../kit/demo.ts';
import { fetchResponse } from '../kit/measure/loopback.ts';
import type { Child } from '../kit/resources/children.ts';
import { nextChildMessage, withChild } from '../kit/resources/with-child.ts';
import { origins, type OriginName } from './origins.ts';

const program = new URL('./origin-child.ts', import.meta.url);

/** A client waits this long for a response. */
const TIMEOUT_MS = 1_500;
/** From the response to the exit of a process that the failure ends. */
const SETTLE_MS = 100;
/** The same after a cut connection, which is often the first sign of an exit. */
const EXIT_MS = 3_000;

const wayResult = z.strictObject({
  way: z.enum(['right', 'wrong']),
  client: z.string().describe('What the client received: a status, "cut" or "no response"'),
  bystander: z.string().describe('What another request received that was in flight'),
  exitCode: z.number().nullable().describe('Null if the process went on'),
  causeInLog: z.boolean().describe('Whether the log has the underlying error'),
  causeInResponse: z.boolean().describe('Whether the response reveals it'),
});
type WayResult = z.infer<typeof wayResult>;

export const originObserved = z.strictObject({ mistake: z.string(), ways: z.array(wayResult) });

/** Fails a request of a small service in a child, the right and the wrong way, next to another request. */
export async function observeOrigin(
  origin: OriginName,
  { signal, timeline, resources }: DemoCall<unknown, unknown, unknown>,
): Promise<Observation<z.infer<typeof originObserved>>> {
  const watch = (way: WayResult['way']) =>
    timeline.record(way, 'services', () =>
      withChild(resources.children.startNode(program, { signal, ipc: true, args: [origin, way] }), (child) =>
        watchFailure(child, origin, way, signal),
      ),
    );
  const ways = await resources.budgets.children.use(2, signal, () =>
    Promise.all([watch('right'), watch('wrong')] as const),
  );
  const { mistake } = origins[origin];
  return { result: { mistake, ways: [...ways] }, lesson: conclude(mistake, ...ways) };
}

async function watchFailure(
  child: Child,
  origin: OriginName,
  way: WayResult['way'],
  signal: AbortSignal,
): Promise<WayResult> {
  let log = '';
  for (const output of [child.process.stdout, child.process.stderr]) {
    output?.on('data', (chunk: Buffer) => (log += chunk.toString()));
  }
  const { port } = await nextChildMessage<{ port: number }>(child);
  const ask = (path: string, timeoutMs?: number) =>
    receive(`http://127.0.0.1:${port}${path}`, signal, timeoutMs);
  const waiting = nextChildMessage(child);
  const bystander = ask('/bystander');
  await waiting;
  const client = await ask('/fail', TIMEOUT_MS);
  const exit = await Promise.race([
    child.exited,
    sleep(client.received === 'cut' ? EXIT_MS : SETTLE_MS, undefined, { signal }),
  ]);
  if (exit === undefined) await ask('/release');
  const { cause } = origins[origin];
  return {
    way,
    client: client.received,
    bystander: (await bystander).received,
    exitCode: exit?.code ?? null,
    causeInLog: log.includes(cause),
    causeInResponse: client.body.includes(cause),
  };
}

/** @returns the status, or what came instead of a response */
async function receive(
  url: string,
  signal: AbortSignal,
  timeoutMs?: number,
): Promise<{ received: string; body: string }> {
  const timeout = timeoutMs === undefined ? undefined : AbortSignal.timeout(timeoutMs);
  try {
    const either = timeout === undefined ? signal : AbortSignal.any([signal, timeout]);
    const { status, body } = await fetchResponse(url, { signal: either });
    return { received: String(status), body: body.toString() };
  } catch {
    signal.throwIfAborted();
    return { received: timeout?.aborted === true ? 'no response' : 'cut', body: '' };
  }
}

function conclude(mistake: string, right: WayResult, wrong: WayResult): Lesson {
  const same =
    right.client === wrong.client &&
    right.exitCode === wrong.exitCode &&
    right.causeInLog === wrong.causeInLog &&
    right.causeInResponse === wrong.causeInResponse;
  return {
    headline: same
      ? 'Both ways had the same effect in this run'
      : `Handled right: ${right.client}. Handled wrong: ${effectOf(wrong)}`,
    text:
      `The right way: ${describe(right)} The wrong way (${mistake.charAt(0).toLowerCase()}${mistake.slice(1)}): ${describe(wrong)}` +
      (wrong.bystander === '200' ? '' : ' Another request that was in flight was lost with it.'),
  };
}

function effectOf({ client, exitCode, causeInResponse }: WayResult): string {
  if (exitCode !== null) return `the process exited with ${exitCode}`;
  if (causeInResponse) return `${client}, which reveals the cause`;
  return client;
}

function describe({ client, exitCode, causeInLog, causeInResponse }: WayResult): string {
  const received =
    client === 'cut'
      ? "the client's connection was cut"
      : client === 'no response'
        ? `the client had no response after ${TIMEOUT_MS / 1000} s`
        : `the client received ${client}`;
  return (
    `${received}${causeInResponse ? ' with the cause in it' : ''}, the log ${causeInLog ? 'has' : 'does not have'} the cause, and ` +
    `the process ${exitCode === null ? 'went on' : `exited with code ${exitCode}`}.`
  );
}
