import type { ResourceLimits, Worker } from 'node:worker_threads';

/** What is used of the demos' threads; they are loaded by name, for a service without demos has none. */
interface ThreadsModule {
  readonly Threads: new () => {
    run<T>(
      program: URL,
      options: { data: unknown; signal: AbortSignal; resourceLimits: ResourceLimits },
      work: (thread: Worker) => Promise<T>,
    ): Promise<T>;
  };
}

/** A thread that takes memory until it has none left. */
export async function hungryThread(how: string, signal: AbortSignal): Promise<never> {
  const url = new URL('../../../src/demos/work/thread.ts', import.meta.url).href;
  const { Threads } = (await import(url)) as ThreadsModule;
  return new Threads().run(
    new URL('./thread-program.ts', import.meta.url),
    { data: how, signal, resourceLimits: { maxOldGenerationSizeMb: 32 } },
    () => new Promise<never>(() => undefined),
  );
}
