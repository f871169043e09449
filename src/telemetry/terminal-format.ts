import process from 'node:process';
import { styleText } from 'node:util';
import type { Config } from '../config/core-variables.ts';

/** How log lines look on a terminal. Plain data: it is passed to a thread. */
export interface TerminalOptions {
  readonly colors: boolean;
  /** Whether a line shows all of its fields. */
  readonly details: boolean;
}

/** A line of the log. */
type Fields = Readonly<Record<string, unknown>>;
type Style = Parameters<typeof styleText>[0];

const levelStyles: Readonly<Record<string, Style>> = {
  trace: 'gray',
  debug: 'gray',
  warn: 'yellow',
  error: 'red',
  fatal: ['bold', 'red'],
};
/** Fields of every line, and those with a place of their own. */
const placed = new Set(['level', 'time', 'name', 'pid', 'role', 'msg', 'event', 'err', 'stack']);
/** Fields that the line of a request shows in its own way. */
const ofRequest = new Set(['method', 'path', 'status', 'durationMs', 'closedBy']);
/** Fields that are shown only with details. */
const minor = new Set(['requestId', 'traceId', 'parentId', 'workerPid', 'slot', 'exitCode', 'reason']);

/** @returns undefined if the log has one JSON object per line */
export function readTerminalOptions(
  { LOG_FORMAT, LOG_LEVEL, NODE_ENV }: Pick<Config, 'LOG_FORMAT' | 'LOG_LEVEL' | 'NODE_ENV'>,
  stdout: Pick<NodeJS.WriteStream, 'isTTY' | 'hasColors'> = process.stdout,
): TerminalOptions | undefined {
  const automatic = NODE_ENV === 'development' && stdout.isTTY;
  if (LOG_FORMAT === 'auto' ? !automatic : LOG_FORMAT !== 'pretty') return undefined;
  return { colors: stdout.isTTY && stdout.hasColors(), details: ['debug', 'trace'].includes(LOG_LEVEL) };
}

/** Returns a function that turns a line of JSON into text for people: `16:50:04 w2 GET /livez 200 8 ms`. */
export function createTerminalFormat({ colors, details }: TerminalOptions): (line: string) => string {
  const paint = (style: Style | undefined, text: string) =>
    colors && style !== undefined && text !== '' ? styleText(style, text, { validateStream: false }) : text;

  function request(fields: Fields): string {
    const status = Number(fields['status']);
    const style = status >= 500 ? 'red' : status >= 400 ? 'yellow' : 'green';
    return [
      printable(fields['method']),
      printable(fields['path']),
      paint(style, String(status)),
      milliseconds(fields['durationMs']),
      ...('closedBy' in fields ? [paint('red', `closed by ${printable(fields['closedBy'])}`)] : []),
    ].join(' ');
  }

  function message({ level, msg }: Fields): string {
    const mark = level === 'error' || level === 'fatal' ? `${level}: ` : '';
    return paint(levelStyles[String(level)], mark + printable(msg));
  }

  return function format(line) {
    const fields = JSON.parse(line) as Fields;
    const { time, role, worker, event } = fields;
    const start = `${new Date(String(time)).toTimeString().slice(0, 8)} ${role === 'primary' ? 'p ' : `w${String(worker)}`}`;
    const isRequest = event === 'request';
    const rest = isRequest && !details ? '' : restOf(fields, details);
    const lines =
      event === 'started'
        ? startLines(fields)
        : [
            [isRequest ? request(fields) : message(fields), paint('gray', rest)].filter(Boolean).join(' '),
            ...stackOf(fields).map((frame) => paint('gray', `  ${frame}`)),
          ];
    return lines
      .map((text, index) => `${index === 0 ? paint('gray', start) : ' '.repeat(start.length)} ${text}\n`)
      .join('');
  };
}

/** What runs where, and what to try first. */
function startLines({ name, address, management, workers, afterMs }: Fields): string[] {
  const count = Array.isArray(workers) ? workers.length : 0;
  const processes = count === 0 ? 'one process' : `${count} worker${count === 1 ? '' : 's'}`;
  const after = afterMs === undefined ? '' : ` after ${milliseconds(afterMs)}`;
  return [
    `${String(name)} is ready${after}: ${processes}, Node.js ${process.version}`,
    `  app         ${String(address)}`,
    `  management  ${String(management)} (/readyz, /workers, /metrics)`,
    `  try         curl ${String(address)} (it lists every route), or open it in a browser`,
  ];
}

/** The other fields, as `name=value`. */
function restOf(fields: Fields, details: boolean): string {
  return Object.entries(fields)
    .filter(([name, value]) => !placed.has(name) && (details || !minor.has(name)) && value !== null)
    .filter(([name]) => name !== 'worker' || fields['role'] === 'primary') // of another process
    .filter(([name]) => fields['event'] !== 'request' || !ofRequest.has(name))
    .map(([name, value]) => `${name}=${printable(typeof value === 'string' ? value : JSON.stringify(value))}`)
    .join(' ');
}

/** The stack of an error with that of its cause, or of a blocked event loop. */
function stackOf({ err, stack }: Fields): string[] {
  const found = (err as Fields | undefined)?.['stack'] ?? stack ?? [];
  const lines: readonly unknown[] = typeof found === 'string' ? found.split('\n') : [found].flat();
  return lines.map((line) => printable(line).trimEnd());
}

function milliseconds(ms: unknown): string {
  return Number(ms) < 1_000 ? `${Math.round(Number(ms))} ms` : `${(Number(ms) / 1000).toFixed(1)} s`;
}

/** A path or a message may have characters that control the terminal. */
function printable(value: unknown): string {
  return String(value).replace(
    /\p{Cc}/gu,
    (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
}
