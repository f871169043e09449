/** Batches of keys in child processes, each with a pool of its own: no other work is in it, and a kill ends it at once. */
import type { PoolRun } from '../kit/measure/pool-trace.ts';
import type { Child } from '../kit/resources/children.ts';
import type { DemoResources } from '../kit/resources/resources.ts';
import { nextChildMessage, withChild } from '../kit/resources/with-child.ts';
import type { Batch } from './keys.ts';

const program = new URL('./batch-child.ts', import.meta.url);

export interface BatchReport {
  readonly elapsedMs: number;
  readonly cpuMs: number;
  /** When the tasks were submitted, by `monotonicMs()`. */
  readonly startMs: number;
  readonly runs: readonly PoolRun[];
}

/** When the code of a child sizes its pool, instead of its environment. */
export interface InCode {
  readonly set: 'before the first use' | 'after the first use';
  readonly size: number;
}

/** Starts a child with a pool of this size. `work` gets a function that runs a batch in it. */
export function withBatchChild<T>(
  poolSize: number | InCode,
  signal: AbortSignal,
  resources: DemoResources,
  work: (runBatch: (batch: Batch) => Promise<BatchReport>) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const started = resources.children.startNode(program, {
    ipc: true,
    signal,
    ...(typeof poolSize === 'number'
      ? { env: { UV_THREADPOOL_SIZE: String(poolSize) } }
      : { args: [poolSize.set, String(poolSize.size)] }),
  });
  started.process.stdout?.resume();
  started.process.stderr?.resume();
  return withChild(started, (child) => work((batch) => runBatch(child, batch, signal)));
}

async function runBatch(child: Child, batch: Batch, signal: AbortSignal): Promise<BatchReport> {
  child.send({ ...batch });
  try {
    return await nextChildMessage<BatchReport>(child);
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
}
