/** What a task is, and what a caller may say of one. The same schemas check the input and describe the API. */
import { z } from 'zod';
import { uuidTimestamp } from './task-id.ts';

/** In small letters, as it is made: to callers the case of a UUID means nothing. */
export const taskId = z.uuidv7({ error: 'must be the id of a task' }).toLowerCase();

const fields = {
  title: z
    .string()
    .trim()
    .min(1)
    .max(200)
    .regex(/^[^\p{Cc}\p{Cs}\p{Zl}\p{Zp}]*$/u, { error: 'must be one line of text' })
    .describe('What is to be done.'),
  done: z.boolean().describe('Whether it is done.'),
};

/** What a caller sends to create a task. */
export const newTask = z.strictObject({ title: fields.title, done: fields.done.default(false) });

/** What a caller sends to replace one: all of it, so that nothing is changed by being left out. */
export const changedTask = z.strictObject(fields);

export const task = z.strictObject({
  id: taskId,
  ...fields,
  version: z.int().min(1).describe('Counts the changes; the ETag is made of it.'),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
});

export type NewTask = z.output<typeof newTask>;
export type Task = z.output<typeof task>;

/** One page of the list, and how to ask for the next. */
export const taskPage = z.strictObject({
  items: z.array(task),
  next: z.string().optional().describe('The cursor of the next page; left out on the last one.'),
});

/** @returns the task as it is when it is new; its id tells the order of creation */
export function createTask(id: string, given: NewTask): Task {
  const now = new Date(uuidTimestamp(id)).toISOString();
  return { id, ...given, version: 1, createdAt: now, updatedAt: now };
}

/** The strong validator of a task's present state: https://www.rfc-editor.org/rfc/rfc9110#section-8.8.3 */
export function etagOf({ version }: Task): string {
  return `"${version}"`;
}
