import { z } from 'zod';

export type JsonSchema = Readonly<Record<string, unknown>>;

/** Converts a schema to JSON Schema, for a document that declares the dialect itself. */
export function toJsonSchema(schema: z.ZodType, io: 'input' | 'output'): JsonSchema {
  const { $schema: _dialect, ...document } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  return document;
}
