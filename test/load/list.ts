import type { Scenario } from './scenario.ts';
import { baseline } from './scenarios/baseline.ts';
import { block } from './scenarios/block.ts';
import { cluster } from './scenarios/cluster.ts';
import { database } from './scenarios/database.ts';
import { log } from './scenarios/log.ts';
import { overload } from './scenarios/overload.ts';
import { rateLimit } from './scenarios/rate-limit.ts';
import { reload } from './scenarios/reload.ts';
import { stream } from './scenarios/stream.ts';
import { threadPool } from './scenarios/thread-pool.ts';

/** All scenarios, in the order in which they run. */
export const scenarios: readonly Scenario[] = [
  baseline,
  block,
  threadPool,
  cluster,
  stream,
  overload,
  rateLimit,
  reload,
  log,
  database,
];
