import { Piscina } from 'piscina';
import type { FeatureDependencies } from '../../http/feature.ts';
import { availableCpus } from '../../process/available-cpus.ts';
import { addGauge } from '../../process/metrics.ts';
import { LayerTrace } from '../evidence/layer-trace.ts';
import type { PrimesAnswer } from './answer-primes.ts';
import { Budget } from './budget.ts';
import { Children } from './child.ts';
import type { PrimesTask } from './primes-task.ts';
import { Scratch } from './scratch.ts';
import { Threads } from './thread.ts';

/** What demos work with, once for each worker process. Every kind of heavy work has a bound that all demos share. */
export interface Tools {
  readonly children: Children;
  readonly threads: Threads;
  readonly scratch: Scratch;
  /** The layers that requests of `middleware/order` pass; it has to listen before such a request comes. */
  readonly layerTrace: LayerTrace;
  /** Pooled threads for CPU work. */
  readonly pool: () => Piscina<PrimesTask, PrimesAnswer>;
  readonly budgets: {
    /** Child processes alive at once. */
    readonly children: Budget;
    /** Threads of one's own alive at once; those of the pool are bounded by it. */
    readonly threads: Budget;
    /** Tasks given to libuv's pool by demos that fill it. */
    readonly poolTasks: Budget;
    /** Memory that demos hold on purpose, in MB. */
    readonly megabytes: Budget;
    /** Traces of libuv's pool: one at a time. */
    readonly traces: Budget;
  };
  /** What the worker gave to the demos: its configuration, whether there are others, where the management port is. */
  readonly dependencies: FeatureDependencies;
  stop(): Promise<void>;
}

export function createTools(dependencies: FeatureDependencies): Tools {
  const { metrics } = dependencies;
  const children = new Children();
  const threads = new Threads();
  const scratch = new Scratch();
  const layerTrace = new LayerTrace(['/demos/middleware/order']);
  let pool: Piscina<PrimesTask, PrimesAnswer> | undefined;
  const budget = (name: string, capacity: number, maxWaiting: number) =>
    new Budget({ name, capacity, maxWaiting, metrics });
  addGauge(metrics.registry, 'demo_children', 'Child processes alive.', () => children.size);
  addGauge(metrics.registry, 'demo_threads', 'Threads alive, without the pool.', () => threads.size);
  return {
    dependencies,
    children,
    threads,
    scratch,
    layerTrace,
    pool() {
      pool ??= new Piscina<PrimesTask, PrimesAnswer>({
        filename: new URL('./primes-task.ts', import.meta.url).href,
        minThreads: 0,
        maxThreads: availableCpus(),
        maxQueue: 256,
        idleTimeout: 10_000,
      });
      return pool;
    },
    budgets: {
      children: budget('children', 16, 16),
      threads: budget('threads', 16, 16),
      poolTasks: budget('pool tasks', 128, 16),
      megabytes: budget('megabytes', 512, 16),
      traces: budget('traces', 1, 8),
    },
    async stop() {
      layerTrace.stop();
      children.killAll();
      await threads.endAll();
      await pool?.destroy();
      await scratch.remove();
    },
  };
}
