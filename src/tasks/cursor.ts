import { z } from 'zod';
import { taskId } from './task.ts';

/**
 * Where a page ends: opaque to callers, so that what it is made of can change. A cursor is a place in the order and
 * not a number of tasks to skip, so tasks that come or go between two pages neither repeat others nor hide them.
 */
export function toCursor(lastId: string): string {
  return Buffer.from(lastId.replaceAll('-', ''), 'hex').toString('base64url');
}

/** A cursor from outside, as the id it stands for. */
export const cursor = z
  .string()
  .max(64)
  .transform((text, context) => {
    const id = Buffer.from(text, 'base64url')
      .toString('hex')
      .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
    // Rubbish behind a cursor is left out where it is decoded.
    if (taskId.safeParse(id).success && toCursor(id) === text) return id;
    context.addIssue({ code: 'custom', message: 'is not a cursor of this list' });
    return z.NEVER;
  });
