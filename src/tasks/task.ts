/** What a task is, and what callers may send. The same schemas check the input and describe the API. */
import { v7 } from 'uuid';
import { z } from 'zod';
import { textOf } from '../shared/text.ts';

/** UUIDs are compared without regard to case: they are stored in lower case. */
export const taskId = z.uuidv7({ error: 'must be the id of a task' }).toLowerCase();

const fields = {
  title: textOf(1, 200)
    .regex(/^[^\p{Cc}\p{Zl}\p{Zp}]*$/u, { error: 'must be one line of text' })
    .describe('What is to be done.'),
  done: z.boolean().describe('Whether it is done.'),
};

/** The body that creates a task. */
export const newTask = z.strictObject({ title: fields.title, done: fields.done.default(false) });

/** The body that replaces a task. Every field is required, so that nothing changes because it was left out. */
export const changedTask = z.strictObject(fields);

export const task = z.strictObject({
  id: taskId,
  ...fields,
  version: z.int().min(1).describe('Counts the changes; the ETag is derived from it.'),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
});

export type NewTask = z.output<typeof newTask>;
export type Task = z.output<typeof task>;

/** One page of the list. */
export const taskPage = z.strictObject({
  items: z.array(task),
  next: z.string().optional().describe('The cursor of the next page; absent on the last page.'),
});

/** Creates a task. Its id is a UUID of version 7, which sorts by creation: https://www.rfc-editor.org/rfc/rfc9562 */
export function createTask(given: NewTask): Task {
  const now = new Date().toISOString();
  return { id: v7(), ...given, version: 1, createdAt: now, updatedAt: now };
}

/** The strong entity tag of a task's current state: https://www.rfc-editor.org/rfc/rfc9110#section-8.8.3 */
export function etagOf({ version }: Task): string {
  return `"${version}"`;
}
