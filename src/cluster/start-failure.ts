import cluster from 'node:cluster';
import process from 'node:process';
import packageJson from '../../package.json' with { type: 'json' };
import { ConfigError } from '../config.ts';
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

const listenFaults: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the port is taken',
  EACCES: 'this user may not use the port',
  EADDRNOTAVAIL: 'this machine does not have the address',
  ENOTFOUND: 'the host name is not known',
  EAI_AGAIN: 'the host name cannot be looked up now',
  EINVAL: 'the address cannot be listened on as it is, a link-local one without its zone, say',
};

/** Errors of `listen()` and of the look-up before it. */
interface ListenError extends Error {
  readonly code?: string;
  readonly address?: string;
  readonly port?: number;
  readonly hostname?: string;
}

/** What to say of an error that kept this process from starting. */
export function describeStartFailure(error: unknown): StartFailure {
  if (error instanceof ConfigError) return { reason: error.message, exitCode: ExitCode.badConfig };
  if (error instanceof StartError) return { reason: error.message, exitCode: error.exitCode };
  const { code = '', address, port, hostname, message } = error as ListenError;
  const fault = listenFaults[code];
  if (fault !== undefined) {
    const where = hostname ?? `${address}:${port}`;
    return {
      reason: `Cannot listen on ${where}: ${fault} (${code})`,
      exitCode: ExitCode.cannotListen,
    };
  }
  const stack = error instanceof Error ? (error.stack ?? message) : String(error);
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
