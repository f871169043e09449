/** Two ways to limit the output of `flood-child.ts`, which starts a child of its own. */
import { execFile, type ExecFileException } from 'node:child_process';
import { existsSync } from 'node:fs';
import process from 'node:process';
import { z } from 'zod';
import type { DemoCall } from '../kit/demo.ts';
import { countSurvivors, isAlive } from '../kit/measure/alive.ts';
import { minimalEnvironment, nodeArguments } from '../kit/resources/children.ts';
import { stdoutOf, withChild } from '../kit/resources/with-child.ts';

const program = new URL('./flood-child.ts', import.meta.url);

interface Limits {
  /** How much the program prints. */
  readonly bytes: number;
  readonly maxBuffer: number;
  /** Called while everything that is kept is in memory. */
  readonly onKept: () => void;
}

type Call = Pick<DemoCall<never, never, never>, 'signal' | 'resources'>;

/** With the limit of `execFile`, which kills only the program. */
export async function readWithExecFile({ bytes, maxBuffer, onKept }: Limits, { signal, resources }: Call) {
  const setsid = findSetsid();
  const [command, ...args] = [...setsid, process.execPath, ...nodeArguments(program), String(bytes)] as [
    string,
  ];
  const { promise, resolve } = Promise.withResolvers<{
    error: ExecFileException | null;
    output: Buffer;
    survivedTheKill: number;
  }>();
  const options = {
    maxBuffer,
    env: minimalEnvironment,
    encoding: 'buffer',
    killSignal: 'SIGKILL',
  } as const;
  const started = execFile(command, args, options, (error, output) => {
    // Counted in the callback: right after it, the whole group is killed.
    const survivedTheKill = pidsIn(output).filter(isAlive).length;
    onKept();
    resolve({ error, output, survivedTheKill });
  });
  const child = resources.children.watch(started, { signal, leadsGroup: setsid.length > 0 });
  return withChild(child, async () => {
    const { error, output, survivedTheKill } = await promise;
    const { code, signal: endSignal } = await child.exited;
    signal.throwIfAborted();
    const pids = pidsIn(output);
    if (setsid.length === 0) killEach(pids);
    const errorCode = error === null ? null : String(error.code);
    return {
      keptBytes: output.length,
      overflow: errorCode === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER',
      errorCode,
      exitCode: code,
      signal: endSignal,
      survivedTheKill,
      pids,
    };
  });
}

/** With a limit on the stream of `spawn`, at which the whole process group is killed. */
export function readWithSpawn({ bytes, maxBuffer, onKept }: Limits, { signal, resources }: Call) {
  return withChild(
    resources.children.startNode(program, { args: [String(bytes)], signal }),
    async (child) => {
      const chunks: Buffer[] = [];
      let keptBytes = 0;
      let overflow = false;
      for await (const chunk of stdoutOf(child) as AsyncIterable<Buffer>) {
        chunks.push(chunk.subarray(0, maxBuffer - keptBytes));
        overflow = keptBytes + chunk.length > maxBuffer;
        keptBytes = Math.min(maxBuffer, keptBytes + chunk.length);
        if (overflow) {
          child.kill('SIGKILL');
          break;
        }
      }
      onKept();
      const { code, signal: endSignal } = await child.exited;
      signal.throwIfAborted();
      const pids = pidsIn(Buffer.concat(chunks));
      return {
        keptBytes,
        overflow,
        errorCode: null,
        exitCode: code,
        signal: endSignal,
        survivedTheKill: await countSurvivors(pids, 200),
        pids,
      };
    },
  );
}

/** `execFile` has no `detached` option: `setsid`, if installed, creates the group and then becomes the program. */
function findSetsid(): string[] {
  const path = ['/usr/bin/setsid', '/bin/setsid'].find((candidate) => existsSync(candidate));
  return path === undefined ? [] : [path];
}

/** The process ids in the first line of the output. */
function pidsIn(output: Buffer): number[] {
  const end = output.indexOf('\n');
  return end === -1 ? [] : z.array(z.number()).parse(JSON.parse(output.toString('utf8', 0, end)));
}

function killEach(pids: readonly number[]): void {
  for (const pid of pids.filter(isAlive)) process.kill(pid, 'SIGKILL');
}
