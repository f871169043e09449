import sonicBoom, { type SonicBoom } from 'sonic-boom';

/**
 * A write to a pipe is whole, never mixed with one of another process, up to this size: POSIX's PIPE_BUF on
 * Linux. All workers share one standard output, so no write may be longer while more than one line is in it.
 */
const ATOMIC_WRITE_BYTES = 4_096;
/** What may wait for a stalled reader; then lines are dropped, for the service matters more than its log. */
const MAX_WAITING_BYTES = 8 * 1024 * 1024;
/** How old a line gets at most before it is written. */
const FLUSH_EVERY_MS = 100;

/** Where log lines go: writes never block the event loop, and a reader that stalls or leaves never harms it. */
export class LogSink {
  readonly #stream: SonicBoom;
  #dropped = 0;
  #closed = false;

  /** @param fd a file descriptor, by default standard output; a file, a pipe or a terminal */
  constructor(fd = 1) {
    this.#stream = new sonicBoom.SonicBoom({
      fd,
      sync: false,
      minLength: ATOMIC_WRITE_BYTES / 2,
      maxWrite: ATOMIC_WRITE_BYTES,
      maxLength: MAX_WAITING_BYTES,
      periodicFlush: FLUSH_EVERY_MS,
    });
    this.#stream.on('drop', () => {
      this.#dropped += 1;
    });
    this.#stream.on('error', (error: NodeJS.ErrnoException) => {
      // EPIPE and the like: nobody will ever read again. Trying each line anew would only burn CPU.
      if (error.code !== 'EAGAIN') this.#closed = true;
    });
  }

  /** Lines that were lost because the reader had stalled or left. */
  get dropped(): number {
    return this.#dropped;
  }

  /** @param line one line with its line feed */
  write(line: string): void {
    if (this.#closed) this.#dropped += 1;
    else this.#stream.write(line);
  }

  /** Resolves when what was written has been handed over, or after `timeoutMs` where the reader has stalled. */
  async flush(timeoutMs = 500): Promise<void> {
    if (this.#closed) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.#stream.flush(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
}
