import { Piscina } from 'piscina';
import type { FeatureDependencies } from '../../../routes/feature.ts';
import { availableCpus } from '../../../process/available-cpus.ts';
import { addGauge } from '../../../telemetry/metrics.ts';
import { LayerTrace } from '../measure/layer-trace.ts';
import { Budget } from './budget.ts';
import { Children } from './children.ts';
import { Runs } from './runs.ts';
import type { PooledPrimesResult, PrimesTask } from '../primes/primes-task.ts';
import { Scratch } from './scratch.ts';
import { Threads } from './threads.ts';

/** What all demos of a worker process share. Every kind of expensive work has a budget. */
export interface DemoResources {
  /** The demos that run now. */
  readonly runs: Runs;
  readonly children: Children;
  readonly threads: Threads;
  readonly scratch: Scratch;
  /** Traces requests to `middleware/order`; it must be subscribed before they arrive. */
  readonly layerTrace: LayerTrace;
  /** A pool of worker threads (piscina) for CPU-bound work. */
  readonly pool: () => Piscina<PrimesTask, PooledPrimesResult>;
  readonly budgets: {
    /** Child processes alive at once. */
    readonly children: Budget;
    /** Dedicated threads alive at once. The worker pool has its own limit. */
    readonly threads: Budget;
    /** Tasks in libuv's pool, from demos that fill it. */
    readonly poolTasks: Budget;
    /** Memory that demos hold deliberately, in MB. */
    readonly megabytes: Budget;
    /** Database connections, apart from those of the service's pool. */
    readonly connections: Budget;
    /** Traces and profiles: one at a time. */
    readonly traces: Budget;
  };
  /** What the worker provides: its configuration, whether it is in a cluster, the management address. */
  readonly dependencies: FeatureDependencies;
  stop(): Promise<void>;
}

export function createDemoResources(dependencies: FeatureDependencies): DemoResources {
  const { metrics } = dependencies;
  const children = new Children();
  const threads = new Threads();
  const scratch = new Scratch();
  const layerTrace = new LayerTrace(['/demos/middleware/order']);
  let pool: Piscina<PrimesTask, PooledPrimesResult> | undefined;
  const budget = (name: string, capacity: number, maxWaiting: number) =>
    new Budget({ name, capacity, maxWaiting, metrics });
  addGauge(metrics.registry, 'demo_children', 'Running child processes.', () => children.size);
  addGauge(
    metrics.registry,
    'demo_threads',
    'Running worker threads, excluding those of the worker pool.',
    () => threads.size,
  );
  return {
    dependencies,
    runs: new Runs(),
    children,
    threads,
    scratch,
    layerTrace,
    pool() {
      pool ??= new Piscina<PrimesTask, PooledPrimesResult>({
        filename: new URL('../primes/primes-task.ts', import.meta.url).href,
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
      connections: budget('database connections', 24, 16),
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
