import process from 'node:process';
import type { Logger } from './logger.ts';

interface Guards {
  readonly log: Logger;
  /** Called once for each error that nobody caught. The process is in an unknown state: it must end soon. */
  readonly onFatal: (origin: 'uncaught-exception' | 'unhandled-rejection') => void;
}

/**
 * Errors that nobody caught are logged as fatal with their cause, and end the process in an orderly way. Warnings
 * of Node.js go to the log as well, so that standard error stays empty and no line is anything but JSON.
 */
export function installGuards({ log, onFatal }: Guards): void {
  process.on('uncaughtException', (error) => {
    log.fatal({ err: error, event: 'uncaught-exception' }, 'an exception that nobody caught');
    onFatal('uncaught-exception');
  });
  process.on('unhandledRejection', (reason) => {
    const err = reason instanceof Error ? reason : new Error('a rejection with no Error', { cause: reason });
    log.fatal({ err, event: 'unhandled-rejection' }, 'a rejection that nobody handled');
    onFatal('unhandled-rejection');
  });
  process.on('warning', ({ name, message, stack }) =>
    log.warn({ event: 'warning', warning: name, stack }, message),
  );
}
