import { once } from 'node:events';
import type { Readable } from 'node:stream';
import type { Child } from './children.ts';

/** Runs `work` with a new child, and kills the child and its process group afterwards. */
export async function withChild<T>(child: Child, work: (child: Child) => Promise<T>): Promise<T> {
  try {
    return await work(child);
  } finally {
    child.kill('SIGKILL');
    await child.exited;
  }
}

/** The standard output of a child. */
export function stdoutOf(child: Child): Readable {
  if (child.process.stdout === null) throw new Error('child has no pipe for its standard output');
  return child.process.stdout;
}

/** Reads the standard output of a child to its end. */
export async function readOutput(child: Child): Promise<string> {
  let text = '';
  for await (const chunk of stdoutOf(child) as AsyncIterable<Buffer>) text += chunk.toString();
  return text;
}

/** Resolves with the next IPC message of a child. @throws if the child exits first */
export async function nextChildMessage<T>(child: Child): Promise<T> {
  const waiting = new AbortController();
  const ended = child.exited.then((exit) => {
    throw child.error ?? new Error(`child exited before it sent a message: ${JSON.stringify(exit)}`);
  });
  try {
    const [message] = (await Promise.race([
      once(child.process, 'message', { signal: waiting.signal }),
      ended,
    ])) as [T];
    return message;
  } finally {
    waiting.abort();
    ended.catch(() => undefined);
  }
}
