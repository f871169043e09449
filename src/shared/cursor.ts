import { z } from 'zod';

/**
 * The cursor of the page that follows a UUID. It is opaque to callers, so that its content can change. It marks a place
 * in the order, not a number of entries to skip: entries added or removed between two pages cause no duplicates and no
 * gaps.
 */
export function toCursor(lastId: string): string {
  return Buffer.from(lastId.replaceAll('-', ''), 'hex').toString('base64url');
}

/** Parses a cursor to the id that it was made from. */
export function cursorOf(id: z.ZodType<string, string>) {
  return z
    .string()
    .max(64)
    .transform((text, context) => {
      const decoded = Buffer.from(text, 'base64url')
        .toString('hex')
        .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
      // Decoding ignores trailing garbage: the cursor must encode to the same text.
      if (id.safeParse(decoded).success && toCursor(decoded) === text) return decoded;
      context.addIssue({ code: 'custom', message: 'is not a cursor of this list' });
      return z.NEVER;
    });
}
