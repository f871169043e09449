import { Buffer } from 'node:buffer';
import { fstatSync, write } from 'node:fs';
import { Socket } from 'node:net';
import process from 'node:process';

/**
 * A write to a pipe is whole, never mixed with one of another process, up to this size: POSIX's PIPE_BUF on
 * Linux. All workers share one standard output, so no write may be longer while more than one line is in it.
 */
const ATOMIC_PIPE_WRITE_BYTES = 4_096;
/** A write to a file is whole at any size. Fewer of them wake a thread of libuv's pool less often. */
const FILE_WRITE_BYTES = 32_768;
/** How old a line gets at most before it is written. */
const FLUSH_EVERY_MS = 100;
/** After a fault that may pass, such as a full disk: trying at once and again would only burn CPU. */
const RETRY_AFTER_MS = 1_000;

type Write = (bytes: Buffer, done: (error: NodeJS.ErrnoException | null, written: number) => void) => void;

const mayPass = new Set(['EAGAIN', 'EBUSY', 'ENOSPC', 'EDQUOT', 'EINTR']);

interface LogSinkOptions {
  /** A file descriptor: a file, a pipe or a terminal. */
  readonly fd?: number;
  /** What may wait for a stalled reader; then lines are dropped, for the service matters more than its log. */
  readonly maxWaitingBytes?: number;
}

/** Where log lines go: writes never block the event loop, and a reader that stalls or leaves never harms it. */
export class LogSink {
  readonly #write: Write;
  readonly #maxWriteBytes: number;
  readonly #maxWaitingBytes: number;
  /** Whole lines, in pieces that are one write each. */
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

  constructor({ fd = 1, maxWaitingBytes = 8 * 1024 * 1024 }: LogSinkOptions = {}) {
    this.#write = writerOf(fd);
    this.#maxWriteBytes = isFile(fd) ? FILE_WRITE_BYTES : ATOMIC_PIPE_WRITE_BYTES;
    this.#maxWaitingBytes = maxWaitingBytes;
  }

  /** Lines that were lost because the reader had stalled or left. */
  get dropped(): number {
    return this.#dropped;
  }

  /** @param tell is given how many lines were lost, when lines are written again */
  onResumed(tell: (dropped: number) => void): void {
    this.#onResumed = tell;
  }

  /** @param line one line with its line feed */
  write(line: string): void {
    const bytes = Buffer.byteLength(line);
    if (this.#closed || this.#waitingBytes + bytes > this.#maxWaitingBytes) {
      this.#dropped += 1;
      return;
    }
    if (this.#nextBytes + bytes > this.#maxWriteBytes) {
      this.#seal();
      this.#pump();
    }
    this.#next += line;
    this.#nextBytes += bytes;
    this.#waitingBytes += bytes;
    this.#timer ??= setTimeout(this.#pumpAll, FLUSH_EVERY_MS).unref();
  }

  /** Resolves when what was written has been handed over, or after `timeoutMs` where the reader has stalled. */
  async flush(timeoutMs = 500): Promise<void> {
    this.#pumpAll();
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

  /** Also what has not become a whole piece in its time. */
  readonly #pumpAll = (): void => {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#seal();
    this.#pump();
  };

  /** One write at a time: two that wait together could be merged into one that is too long. */
  #pump(): void {
    const [piece] = this.#waiting;
    if (this.#writing || this.#closed || piece === undefined) return;
    this.#writing = true;
    this.#write(piece, (error, written) => {
      if (error === null) this.#wrote(piece, written);
      else if (mayPass.has(error.code ?? '')) setTimeout(() => this.#wrote(piece, 0), RETRY_AFTER_MS).unref();
      else this.#close();
    });
  }

  #wrote(piece: Buffer, written: number): void {
    this.#writing = false;
    this.#waitingBytes -= written;
    if (written < piece.length) this.#waiting[0] = piece.subarray(written);
    else this.#waiting.shift();
    if (this.#dropped > this.#reported && this.#waitingBytes < this.#maxWaitingBytes / 2) {
      const lost = this.#dropped - this.#reported;
      this.#reported = this.#dropped;
      this.#onResumed?.(lost);
    }
    if (this.#onIdle !== undefined) this.#seal(); // somebody waits for all that there is
    if (this.#waiting.length > 0) this.#pump();
    else this.#onIdle?.();
  }

  /** EPIPE and the like: nobody will ever read again. */
  #close(): void {
    this.#closed = true;
    for (const piece of this.#waiting) this.#dropped += piece.toString('latin1').split('\n').length - 1;
    this.#dropped += this.#next.split('\n').length - 1;
    this.#waiting.length = 0;
    this.#next = '';
    this.#onIdle?.();
  }
}

/**
 * Starts something that logs to a sink. What it logged before it failed is handed over before the failure is passed on,
 * for then the process ends.
 */
export async function startWithSink(
  options: LogSinkOptions,
  start: (sink: LogSink) => Promise<void>,
): Promise<void> {
  const sink = new LogSink(options);
  try {
    await start(sink);
  } catch (error) {
    await sink.flush();
    throw error;
  }
}

function isFile(fd: number): boolean {
  try {
    return fstatSync(fd).isFile();
  } catch {
    return false; // it is closed: the first write will say so
  }
}

/**
 * How to write without blocking. A pipe is left to the event loop: `fs.write` would hold a thread of libuv's pool
 * for as long as the reader stalls, and with it the end of the process, which waits for all of these.
 */
function writerOf(fd: number): Write {
  if (fd === 1 && process.stdout instanceof Socket) {
    const stream = process.stdout;
    stream.on('error', () => undefined); // each write is told of it
    return (bytes, done) => stream.write(bytes, (error) => done(error ?? null, error ? 0 : bytes.length));
  }
  return (bytes, done) => write(fd, bytes, done);
}
