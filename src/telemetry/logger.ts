import process from 'node:process';
import { pino, type Logger, type LoggerOptions } from 'pino';
import type { Config } from '../config/core-variables.ts';
import type { LogDestination } from './log-destination.ts';
import { createTerminalFormat, readTerminalOptions } from './terminal-format.ts';

interface LoggerDependencies {
  readonly config: Pick<Config, 'LOG_LEVEL' | 'LOG_FORMAT' | 'NODE_ENV'>;
  readonly destination: LogDestination;
  /** The service's name, in every line. */
  readonly name: string;
  /** The cluster id of this worker, 0 without a cluster, or `primary`. */
  readonly worker: number | 'primary';
  /** Returns the fields of the request that is being served when a line is written. */
  readonly requestFields?: () => object;
}

/** Logs one JSON object per line; text for people on a terminal in development. */
export function createLogger(dependencies: LoggerDependencies): Logger {
  const { config, destination, name, worker, requestFields } = dependencies;
  const options: LoggerOptions = {
    level: config.LOG_LEVEL,
    base: { name, pid: process.pid, ...(worker === 'primary' ? { role: worker } : { worker }) },
    timestamp: isoTime(),
    formatters: { level: (label) => ({ level: label }) },
    ...(requestFields === undefined ? {} : addRequestFields(requestFields)),
  };
  const terminal = readTerminalOptions(config);
  const format = terminal === undefined ? undefined : createTerminalFormat(terminal);
  const stream =
    format === undefined ? destination : { write: (line: string) => destination.write(format(line)) };
  const log = pino(options, stream);
  destination.onResumed((dropped) =>
    log.warn({ event: 'log-lines-dropped', dropped }, `${dropped} log lines dropped: the reader had stalled`),
  );
  return log;
}

/** Adds the current request's fields to each line, unless the line already has a `requestId`. */
export function addRequestFields(requestFields: () => object): LoggerOptions {
  return {
    mixin: requestFields,
    mixinMergeStrategy: (line, fields) => ('requestId' in line ? line : { ...fields, ...line }),
  };
}

/** The same text as pino's `isoTime`, cached for a millisecond: many lines share one. */
function isoTime(): () => string {
  let at = 0;
  let text = '';
  return () => {
    const now = Date.now();
    if (now !== at) {
      at = now;
      text = `,"time":"${new Date(now).toISOString()}"`;
    }
    return text;
  };
}
