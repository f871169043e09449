import { pino, type Logger, type LoggerOptions } from 'pino';
import type { Config } from '../config/variables.ts';
import type { LogSink } from './log-sink.ts';

export type { Logger } from 'pino';

interface LoggerDependencies {
  readonly config: Pick<Config, 'LOG_LEVEL' | 'LOG_FORMAT' | 'NODE_ENV'>;
  readonly sink: LogSink;
  /** The service's name, in every line. */
  readonly name: string;
  /** The cluster id of this worker; 0 without a cluster; `primary` in the primary. */
  readonly worker: number | 'primary';
  /** Fields of the request that is being served where the line is written. */
  readonly requestFields?: () => object;
}

/** One JSON object a line; where a person reads it on a terminal in development, coloured text. */
export async function createLogger(dependencies: LoggerDependencies): Promise<Logger> {
  const { config, sink, name, worker, requestFields } = dependencies;
  const options: LoggerOptions = {
    level: config.LOG_LEVEL,
    base: { name, pid: process.pid, ...(worker === 'primary' ? { role: worker } : { worker }) },
    timestamp: isoTime(),
    formatters: { level: (label) => ({ level: label }) },
    ...(requestFields === undefined ? {} : nameRequests(requestFields)),
  };
  const prettify = wantsPretty(config) ? await loadPrettifier() : undefined;
  const stream = prettify === undefined ? sink : { write: (line: string) => sink.write(prettify(line)) };
  const log = pino(options, stream);
  sink.onResumed((dropped) =>
    log.warn(
      { event: 'log-lines-dropped', dropped },
      `${dropped} log lines were lost: the reader had stalled`,
    ),
  );
  return log;
}

/** Adds to every line which request was being served as it was written; a line that says so itself stays as it is. */
export function nameRequests(requestFields: () => object): LoggerOptions {
  return {
    mixin: requestFields,
    mixinMergeStrategy: (line, fields) => ('requestId' in line ? line : { ...fields, ...line }),
  };
}

/** The time as pino's own `isoTime` gives it, written anew only in a new millisecond: many lines share one. */
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

function wantsPretty({ LOG_FORMAT, NODE_ENV }: LoggerDependencies['config']): boolean {
  if (LOG_FORMAT !== 'auto') return LOG_FORMAT === 'pretty';
  return NODE_ENV === 'development' && process.stdout.isTTY;
}

/** pino-pretty is a development dependency: an install without those logs JSON. */
async function loadPrettifier(): Promise<((line: string) => string) | undefined> {
  try {
    const { prettyFactory } = await import('pino-pretty');
    return prettyFactory({
      colorize: process.stdout.isTTY,
      translateTime: 'HH:MM:ss.l',
      ignore: 'name,pid',
      singleLine: true,
    });
  } catch {
    return undefined;
  }
}
