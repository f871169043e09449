import type { CreatedFeatures } from '../http/feature.ts';
import { IdempotencyKeys } from './idempotency-keys.ts';
import { MemoryTasks } from './memory-tasks.ts';
import { createTasks } from './tasks.ts';

/** Puts the feature together. The repository is the one line to change where tasks are to outlive this worker. */
export function create(): CreatedFeatures {
  return { features: [createTasks({ repository: new MemoryTasks(), keys: new IdempotencyKeys() })] };
}
