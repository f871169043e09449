import type { ResourceLimits, Worker } from 'node:worker_threads';

/** What these routes use of the demos' threads. Imported by URL, because a service without demos lacks the module. */
interface ThreadsModule {
  readonly Threads: new () => {
    run<T>(
      program: URL,
      options: { data: unknown; signal: AbortSignal; resourceLimits: ResourceLimits },
      work: (thread: Worker) => Promise<T>,
    ): Promise<T>;
  };
}

/** Runs a thread until it exceeds its heap limit. */
export async function runHungryThread(how: string, signal: AbortSignal): Promise<never> {
  const url = new URL('../../../src/demos/kit/resources/threads.ts', import.meta.url).href;
  const { Threads } = (await import(url)) as ThreadsModule;
  return new Threads().run(
    new URL('./hungry-thread.ts', import.meta.url),
    { data: how, signal, resourceLimits: { maxOldGenerationSizeMb: 32 } },
    () => new Promise<never>(() => undefined),
  );
}
