import type { ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';

/** What these routes use of the demos' children. Imported by URL, because a service without demos lacks the module. */
interface ChildrenModule {
  readonly Children: new () => {
    startNode(
      program: URL,
      options: { args?: readonly string[]; signal: AbortSignal; timeoutMs?: number },
    ): {
      readonly process: { readonly stdout: NodeJS.ReadableStream | null };
      readonly exited: Promise<unknown>;
    };
  };
}

const program = new URL('./child-program.ts', import.meta.url);

let children: InstanceType<ChildrenModule['Children']> | undefined;

async function start(args: readonly string[], signal: AbortSignal) {
  const url = new URL('../../../src/demos/kit/resources/children.ts', import.meta.url).href;
  const { Children } = (await import(url)) as ChildrenModule;
  children ??= new Children();
  return children.startNode(program, { args, signal, timeoutMs: 60_000 });
}

/** Starts a child that ignores SIGTERM and has such a child itself; its first line is the response. */
export async function startStubbornChild(signal: AbortSignal, res: ServerResponse): Promise<void> {
  const child = await start(['stubborn'], signal);
  res.setHeader('Content-Type', 'text/plain');
  child.process.stdout?.pipe(res, { end: false });
  await child.exited;
  res.end();
}

/** Starts a child that prints as fast as the client reads. */
export async function startPrintingChild(
  megabytes: number,
  signal: AbortSignal,
  res: ServerResponse,
): Promise<void> {
  const child = await start(['print', String(megabytes)], signal);
  res.setHeader('Content-Type', 'text/plain');
  if (child.process.stdout !== null) await pipeline(child.process.stdout, res, { signal });
  await child.exited;
}
