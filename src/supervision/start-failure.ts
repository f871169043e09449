import cluster from 'node:cluster';
import process from 'node:process';
import packageJson from '../../package.json' with { type: 'json' };
import { ConfigError } from '../config/config.ts';
import { ListenError } from '../http/listen.ts';
import { exitCodes } from './exit-codes.ts';
import { pack } from './messages.ts';

/** Why a start failed: a sentence for people and an exit code for programs. */
export interface StartFailure {
  readonly reason: string;
  readonly exitCode: number;
}

/** A worker could not start; the worker itself has reported why. */
export class StartError extends Error {
  readonly exitCode: number;

  constructor({ reason, exitCode }: StartFailure) {
    super(reason);
    this.name = 'StartError';
    this.exitCode = exitCode;
  }
}

/** Describes an error that kept this process from starting. */
export function describeStartFailure(error: unknown): StartFailure {
  if (error instanceof ConfigError) return { reason: error.message, exitCode: exitCodes.badConfig.code };
  if (error instanceof StartError) return { reason: error.message, exitCode: error.exitCode };
  if (error instanceof ListenError) return { reason: error.message, exitCode: exitCodes.unavailable.code };
  return { reason: `Cannot start: ${stackOf(error)}`, exitCode: exitCodes.startFailed.code };
}

/** The stack of an error and of what caused it: a driver often tells why only there. */
function stackOf(error: unknown, depth = 5): string {
  if (!(error instanceof Error)) return String(error);
  const stack = error.stack ?? error.message;
  const causes = error instanceof AggregateError ? [...(error.errors as unknown[])] : [];
  if (error.cause !== undefined) causes.push(error.cause);
  if (depth === 0) return stack;
  return [stack, ...causes.map((cause) => `Caused by: ${stackOf(cause, depth - 1)}`)].join('\n');
}

/** Ends a process that cannot start: a worker reports to its primary, any other process to standard error. */
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
