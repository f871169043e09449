import cluster from 'node:cluster';
import process from 'node:process';
import packageJson from '../../package.json' with { type: 'json' };
import { ConfigError } from '../config/read.ts';
import { ListenError } from '../process/listen.ts';
import { ExitCode, pack } from './messages.ts';

/** A start that failed: a sentence for whoever reads it, and the exit code for whoever does not. */
export interface StartFailure {
  readonly reason: string;
  readonly exitCode: number;
}

/** Thrown where the start of a worker failed; the worker itself has said why. */
export class StartError extends Error {
  readonly exitCode: number;

  constructor({ reason, exitCode }: StartFailure) {
    super(reason);
    this.name = 'StartError';
    this.exitCode = exitCode;
  }
}

/** What to say of an error that kept this process from starting. */
export function describeStartFailure(error: unknown): StartFailure {
  if (error instanceof ConfigError) return { reason: error.message, exitCode: ExitCode.badConfig };
  if (error instanceof StartError) return { reason: error.message, exitCode: error.exitCode };
  if (error instanceof ListenError) return { reason: error.message, exitCode: ExitCode.cannotListen };
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { reason: `Cannot start: ${stack}`, exitCode: ExitCode.startFailed };
}

/** Ends a process that cannot start: a worker tells its primary, anything else says it on standard error. */
export function failToStart(error: unknown): void {
  const failure = describeStartFailure(error);
  const exit = () => process.exit(failure.exitCode);
  if (cluster.isWorker && process.connected) {
    process.send?.(pack({ type: 'start-failed', ...failure }), undefined, undefined, exit);
    return;
  }
  process.stderr.write(`${packageJson.name}: ${failure.reason}\n`);
  exit();
}
