import process from 'node:process';
import type { Logger } from 'pino';

interface Guards {
  readonly log: Logger;
  /** Called for every uncaught error. The process is in an unknown state: it must end soon. */
  readonly onFatal: (origin: 'uncaught-exception' | 'unhandled-rejection') => void;
}

/**
 * Logs uncaught exceptions and unhandled rejections as fatal and begins an orderly end of the process. Warnings of
 * Node.js are logged too, so that every line of output is JSON.
 */
export function installGuards({ log, onFatal }: Guards): void {
  process.on('uncaughtException', (error) => {
    log.fatal({ err: error, event: 'uncaught-exception' }, 'uncaught exception');
    onFatal('uncaught-exception');
  });
  process.on('unhandledRejection', (reason) => {
    const err =
      reason instanceof Error ? reason : new Error('rejected with a non-Error value', { cause: reason });
    log.fatal({ err, event: 'unhandled-rejection' }, 'unhandled rejection');
    onFatal('unhandled-rejection');
  });
  process.on('warning', ({ name, message, stack }) =>
    log.warn({ event: 'warning', warning: name, stack }, message),
  );
}
