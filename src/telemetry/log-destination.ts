import { Buffer } from 'node:buffer';
import type { Registry } from '@prometheus-io/client';
import { createLogWriter, type LogWriter } from './log-writer.ts';
import { addCounter } from './metrics.ts';

/** The maximum age of a line before it is written. */
const FLUSH_INTERVAL_MS = 100;
/** Delay after an error that may go away, such as a full disk: retrying at once would only burn CPU. */
const RETRY_AFTER_MS = 1_000;
/** Delay after a terminal took nothing: it holds only some kilobytes. */
const RETRY_FULL_AFTER_MS = 20;

const temporaryErrors = new Set(['EAGAIN', 'EBUSY', 'ENOSPC', 'EDQUOT', 'EINTR']);

interface LogDestinationOptions {
  /** A file descriptor: a file, a pipe or a terminal. */
  readonly fd?: number;
  /** Bytes buffered for a stalled reader. Beyond it, lines are dropped: the service matters more than its log. */
  readonly maxWaitingBytes?: number;
}

/**
 * Writes log lines without blocking the event loop, whatever their reader does.
 *
 * pino's own destination (sonic-boom) does not fit: its asynchronous writes hold a thread of libuv's pool while a pipe
 * is stalled, and it joins lines beyond PIPE_BUF, which interleaves the output of several workers.
 */
export class LogDestination {
  readonly #writer: LogWriter;
  readonly #maxWaitingBytes: number;
  /** Whole lines, in chunks of one write each. */
  readonly #waiting: Buffer[] = [];
  #next = '';
  #nextBytes = 0;
  #waitingBytes = 0;
  #writing = false;
  #timer: NodeJS.Timeout | undefined;
  #dropped = 0;
  #reported = 0;
  #closed = false;
  #onIdle: (() => void) | undefined;
  #onResumed: ((dropped: number) => void) | undefined;

  constructor({ fd = 1, maxWaitingBytes = 8 * 1024 * 1024 }: LogDestinationOptions = {}) {
    this.#writer = createLogWriter(fd);
    this.#maxWaitingBytes = maxWaitingBytes;
  }

  /** Lines lost because the reader stalled or closed the pipe. */
  get dropped(): number {
    return this.#dropped;
  }

  /** @param listener called with the number of dropped lines when writing resumes */
  onResumed(listener: (dropped: number) => void): void {
    this.#onResumed = listener;
  }

  /** @param line one line, including its line feed */
  write(line: string): void {
    const bytes = Buffer.byteLength(line);
    if (this.#closed || this.#waitingBytes + bytes > this.#maxWaitingBytes) {
      this.#dropped += 1;
      return;
    }
    if (this.#nextBytes + bytes > this.#writer.maxBytes) {
      this.#seal();
      this.#writeNext();
    }
    this.#next += line;
    this.#nextBytes += bytes;
    this.#waitingBytes += bytes;
    this.#timer ??= setTimeout(this.#writeAll, FLUSH_INTERVAL_MS).unref();
  }

  /** Resolves when all lines are written, or after `timeoutMs` if the reader has stalled. */
  async flush(timeoutMs = 500): Promise<void> {
    this.#writeAll();
    if (this.#closed || !this.#writing) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#onIdle = undefined;
        resolve();
      };
      const timer = setTimeout(done, timeoutMs);
      this.#onIdle = done;
    });
  }

  #seal(): void {
    if (this.#nextBytes === 0) return;
    this.#waiting.push(Buffer.from(this.#next));
    this.#next = '';
    this.#nextBytes = 0;
  }

  /** Writes also a chunk that is not full. */
  readonly #writeAll = (): void => {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#seal();
    this.#writeNext();
  };

  /** One write at a time: two that wait together could be merged into one that is not atomic. */
  #writeNext(): void {
    const [chunk] = this.#waiting;
    if (this.#writing || this.#closed || chunk === undefined) return;
    this.#writing = true;
    this.#writer.write(chunk, (error, written) => {
      if (error === null) this.#onWritten(chunk, written);
      else if (temporaryErrors.has(error.code ?? '')) {
        const delayMs = error.code === 'EAGAIN' ? RETRY_FULL_AFTER_MS : RETRY_AFTER_MS;
        setTimeout(() => this.#onWritten(chunk, 0), delayMs).unref();
      } else this.#close();
    });
  }

  #onWritten(chunk: Buffer, written: number): void {
    this.#writing = false;
    this.#waitingBytes -= written;
    if (written < chunk.length) this.#waiting[0] = chunk.subarray(written);
    else this.#waiting.shift();
    if (this.#dropped > this.#reported && this.#waitingBytes < this.#maxWaitingBytes / 2) {
      const lost = this.#dropped - this.#reported;
      this.#reported = this.#dropped;
      this.#onResumed?.(lost);
    }
    if (this.#onIdle !== undefined) this.#seal(); // flush() waits for all lines
    if (this.#waiting.length > 0) this.#writeNext();
    else this.#onIdle?.();
  }

  /** After EPIPE and the like: there is no reader any more. */
  #close(): void {
    this.#closed = true;
    for (const chunk of this.#waiting) this.#dropped += chunk.toString('latin1').split('\n').length - 1;
    this.#dropped += this.#next.split('\n').length - 1;
    this.#waiting.length = 0;
    this.#next = '';
    this.#onIdle?.();
  }
}

/** Counts the dropped lines of a process in its metrics. */
export function addDroppedLines(registry: Registry, destination: Pick<LogDestination, 'dropped'>): void {
  addCounter(
    registry,
    'log_lines_dropped_total',
    'Log lines lost because their reader stalled or closed the pipe.',
    () => destination.dropped,
  );
}

/** Starts something that logs. If it fails, its log lines are flushed before the error is passed on and ends the process. */
export async function startWithDestination(
  options: LogDestinationOptions,
  start: (destination: LogDestination) => Promise<void>,
): Promise<void> {
  const destination = new LogDestination(options);
  try {
    await start(destination);
  } catch (error) {
    await destination.flush();
    throw error;
  }
}
