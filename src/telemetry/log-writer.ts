import { constants, fstatSync, openSync, write, type Stats } from 'node:fs';
import { Socket } from 'node:net';
import process from 'node:process';
import { isatty } from 'node:tty';

/**
 * A write to a pipe is atomic up to this size (POSIX PIPE_BUF on Linux). All workers share one standard output, so a
 * write of several lines must not be longer.
 */
const ATOMIC_WRITE_BYTES = 4_096;
/** A write to a file is never interleaved. Larger writes wake threads of libuv's pool less often. */
const FILE_WRITE_BYTES = 32_768;

export interface LogWriter {
  readonly maxBytes: number;
  readonly write: (
    bytes: Buffer,
    done: (error: NodeJS.ErrnoException | null, written: number) => void,
  ) => void;
}

/** An internal of streams: https://github.com/nodejs/node/blob/main/lib/net.js */
interface WithHandle {
  readonly _handle?: { setBlocking(blocking: boolean): number } | null;
}

/**
 * Returns a write that does not block the event loop, and no thread of libuv's pool while a pipe, socket or terminal
 * stalls: with such a thread the process could not exit until the reader resumed.
 *
 * Whether a descriptor blocks is a property of its open file description, which all processes share that inherited it.
 * Node.js and libuv reset it whenever one of them starts or exits: `ResetStdio` in
 * https://github.com/nodejs/node/blob/main/src/node.cc, `uv__process_child_init` in
 * https://github.com/libuv/libuv/blob/v1.x/src/unix/process.c. So a pipe and a terminal are opened again.
 */
export function createLogWriter(fd: number): LogWriter {
  const stats = readStats(fd);
  if (stats?.isFIFO() === true) {
    const own = openAgain(fd);
    if (own !== undefined) return { maxBytes: ATOMIC_WRITE_BYTES, write: toStream(openStream(own)) };
  }
  // A terminal that is full may take a part of a line, which those of other processes may follow.
  if (isatty(fd)) return { maxBytes: ATOMIC_WRITE_BYTES, write: toFile(openAgain(fd) ?? fd) };
  if (fd === 1 && process.stdout instanceof Socket) {
    // A socket cannot be opened again, nor can a pipe of another user or without a reader.
    const stream = process.stdout;
    const writeToStream = toStream(stream);
    return {
      maxBytes: ATOMIC_WRITE_BYTES,
      write(bytes, done) {
        (stream as WithHandle)._handle?.setBlocking(false);
        writeToStream(bytes, done);
      },
    };
  }
  // Not opened again: processes that write to one file share its position.
  return { maxBytes: stats?.isFile() === true ? FILE_WRITE_BYTES : ATOMIC_WRITE_BYTES, write: toFile(fd) };
}

function readStats(fd: number): Stats | undefined {
  try {
    return fstatSync(fd);
  } catch {
    return undefined; // closed: the first write will fail
  }
}

/** @returns a descriptor that no other process has, and that never blocks; only Linux can create one */
function openAgain(fd: number): number | undefined {
  const { O_WRONLY, O_NONBLOCK, O_NOCTTY } = constants;
  try {
    return openSync(`/proc/self/fd/${fd}`, O_WRONLY | O_NONBLOCK | O_NOCTTY);
  } catch {
    return undefined;
  }
}

function openStream(fd: number): Socket {
  return new Socket({ fd, readable: false, writable: true }).unref();
}

function toStream(stream: Socket): LogWriter['write'] {
  stream.on('error', () => undefined); // the callback of each write gets it
  return (bytes, done) => stream.write(bytes, (error) => done(error ?? null, error ? 0 : bytes.length));
}

function toFile(fd: number): LogWriter['write'] {
  return (bytes, done) => write(fd, bytes, done);
}
