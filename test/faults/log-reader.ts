import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, openSync } from 'node:fs';
import { open } from 'node:fs/promises';
import type { LogFile, Program } from '../support/program.ts';
import type { Sandbox } from './sandbox.ts';

/** What standard output may be. */
export type LogKind = 'pipe' | 'terminal' | 'socket';

/** A reader of the log that can stall. */
export interface LogReader extends AsyncDisposable {
  /** Undefined for the pair of sockets that Node.js creates for a child. */
  readonly file?: LogFile;
  stall(program: Program): void;
  resume(program: Program): void;
}

/** Starts a reader. @returns undefined if this machine cannot */
export async function startLogReader(sandbox: Sandbox, kind: LogKind): Promise<LogReader | undefined> {
  if (kind === 'pipe') return startPipe(sandbox);
  if (kind === 'terminal') return startTerminal(sandbox);
  return {
    stall: (program) => program.process.stdout?.pause(),
    resume: (program) => program.process.stdout?.resume(),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

async function startPipe(sandbox: Sandbox): Promise<LogReader> {
  const path = sandbox.path('log-pipe');
  spawnSync('mkfifo', [path]);
  const reader = spawn('cat', [path], { stdio: ['ignore', 'pipe', 'inherit'] });
  const end = await open(path, 'w'); // waits for the reader
  return readBy(reader, { fd: end.fd, output: reader.stdout }, () => end.close());
}

/** `script` creates a terminal and reads what is written to it. */
async function startTerminal(sandbox: Sandbox): Promise<LogReader | undefined> {
  if (spawnSync('script', ['--version']).status !== 0) return undefined;
  const command = ['-qfc', 'tty; exec sleep 1000', '/dev/null'];
  const reader = spawn('script', command, { cwd: sandbox.folder, stdio: ['pipe', 'pipe', 'inherit'] });
  const [name] = (await once(reader.stdout, 'data')) as [Buffer];
  const fd = openSync(name.toString().trim(), constants.O_WRONLY | constants.O_NOCTTY);
  return readBy(reader, { fd, output: reader.stdout, mixesLines: true }, () => closeSync(fd));
}

function readBy(reader: ChildProcess, file: LogFile, close: () => Promise<void> | void): LogReader {
  return {
    file,
    stall: () => reader.kill('SIGSTOP'),
    resume: () => reader.kill('SIGCONT'),
    async [Symbol.asyncDispose]() {
      await close();
      reader.kill('SIGKILL');
    },
  };
}
