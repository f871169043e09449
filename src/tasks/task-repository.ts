import type { Task } from './task.ts';

/** Which part of the list is wanted. */
export interface Slice {
  /** Tasks made after the one of this id; from the first one where it is left out. */
  readonly after?: string | undefined;
  readonly limit: number;
}

/**
 * Where tasks are kept, and where a database goes. What changes a task names the version it has seen, so that of
 * two changes at once one wins and the other is told: in SQL `UPDATE … WHERE id = $1 AND version = $2`.
 */
export interface TaskRepository {
  /** @throws {Problem} `busy` where there is no room for another */
  insert(task: Task): Promise<void>;
  find(id: string): Promise<Task | undefined>;
  /** In the order of their ids, which is that of their creation. */
  list(slice: Slice): Promise<readonly Task[]>;
  /** @returns whether the task still had that version; if not, nothing was changed */
  replace(task: Task, seenVersion: number): Promise<boolean>;
  /** @returns whether the task still had that version; if not, nothing was removed */
  remove(id: string, seenVersion: number): Promise<boolean>;
}
