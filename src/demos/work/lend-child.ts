import { once } from 'node:events';
import type { Readable } from 'node:stream';
import type { Child } from './child.ts';

/** Lends a child that was just started to some work, and kills what is left of it, group and all, when that ends. */
export async function lendChild<T>(child: Child, work: (child: Child) => Promise<T>): Promise<T> {
  try {
    return await work(child);
  } finally {
    child.kill('SIGKILL');
    await child.exited;
  }
}

/** What a child prints. */
export function outputOf(child: Child): Readable {
  if (child.process.stdout === null) throw new Error('the child was started without a pipe for its output');
  return child.process.stdout;
}

/** All that a child prints, when it has ended its output. */
export async function readOutput(child: Child): Promise<string> {
  let text = '';
  for await (const chunk of outputOf(child) as AsyncIterable<Buffer>) text += chunk.toString();
  return text;
}

/** The next message of a child with a channel. @throws where the child ends before it comes */
export async function messageOf<T>(child: Child): Promise<T> {
  const waiting = new AbortController();
  const ended = child.exited.then((exit) => {
    throw child.error ?? new Error(`the child ended before it answered: ${JSON.stringify(exit)}`);
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
