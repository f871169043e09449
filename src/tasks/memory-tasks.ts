import { Problem } from '../http/problem.ts';
import type { Task } from './task.ts';
import type { Slice, TaskRepository } from './task-repository.ts';

/**
 * Tasks in the memory of this process: they are gone when it ends, and another worker has others. That is enough to
 * try the feature with `WORKERS=1` or `WORKERS=0`; a service of several workers needs a database here.
 */
export class MemoryTasks implements TaskRepository {
  /** In the order of insertion, which is that of the ids. */
  readonly #tasks = new Map<string, Task>();
  readonly #capacity: number;

  /** @param capacity how many it holds at most: memory is bounded, whatever callers do */
  constructor(capacity = 10_000) {
    this.#capacity = capacity;
  }

  async insert(task: Task): Promise<void> {
    if (this.#tasks.size >= this.#capacity) {
      throw new Problem('busy', {
        detail: `No more than ${this.#capacity} tasks are kept; delete some.`,
        headers: { 'Retry-After': '60' },
      });
    }
    this.#tasks.set(task.id, task);
  }

  async find(id: string): Promise<Task | undefined> {
    return this.#tasks.get(id);
  }

  async list({ after = '', limit }: Slice): Promise<readonly Task[]> {
    return this.#tasks
      .values()
      .filter(({ id }) => id > after)
      .take(limit)
      .toArray();
  }

  async replace(task: Task, seenVersion: number): Promise<boolean> {
    if (this.#tasks.get(task.id)?.version !== seenVersion) return false;
    this.#tasks.set(task.id, task);
    return true;
  }

  async remove(id: string, seenVersion: number): Promise<boolean> {
    return this.#tasks.get(id)?.version === seenVersion && this.#tasks.delete(id);
  }
}
