import type { ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';

/** What is used of the demos' children; they are loaded by name, for a service without demos has none. */
interface ChildrenModule {
  readonly Children: new () => {
    startNode(
      program: URL,
      options: { args?: readonly string[]; signal: AbortSignal; timeoutMs?: number },
    ): {
      readonly pid: number;
      readonly process: { readonly stdout: NodeJS.ReadableStream | null };
      readonly exited: Promise<unknown>;
      end(because: 'aborted'): void;
    };
  };
}

const childProgram = new URL('./child-program.ts', import.meta.url);

let children: InstanceType<ChildrenModule['Children']> | undefined;

async function start(args: readonly string[], signal: AbortSignal) {
  const url = new URL('../../../src/demos/work/child.ts', import.meta.url).href;
  const { Children } = (await import(url)) as ChildrenModule;
  children ??= new Children();
  return children.startNode(childProgram, { args, signal, timeoutMs: 60_000 });
}

/** A child that ignores every polite signal, and has a child of its own; the client sees its first line. */
export async function stubbornChild(signal: AbortSignal, res: ServerResponse): Promise<void> {
  const child = await start(['stubborn'], signal);
  res.setHeader('Content-Type', 'text/plain');
  child.process.stdout?.pipe(res, { end: false });
  await child.exited;
  res.end();
}

/** A child that prints so many megabytes as fast as they are read. */
export async function printingChild(
  megabytes: number,
  signal: AbortSignal,
  res: ServerResponse,
): Promise<void> {
  const child = await start(['print', String(megabytes)], signal);
  res.setHeader('Content-Type', 'text/plain');
  if (child.process.stdout !== null) await pipeline(child.process.stdout, res, { signal });
  await child.exited;
}
