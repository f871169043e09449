/** Requests and responses, the same for all contestants. */
import { z } from 'zod';

export const small = { message: 'hello', count: 42, ok: true };

/** About 100 KB of JSON that compresses like a typical list. */
export const large = {
  items: Array.from({ length: 800 }, (_, index) => ({
    id: index,
    name: `item number ${index}`,
    price: (index * 7919) % 10_007,
    tags: ['red', 'green', 'blue'].slice(index % 3),
    description: `The ${index}th item of a list that is long enough to be worth compressing.`,
  })),
};

export const orderSchema = z.strictObject({
  customer: z.string().min(1).max(100),
  note: z.string().max(2_000),
  lines: z
    .array(z.strictObject({ article: z.string(), quantity: z.number().int().min(1).max(100) }))
    .min(1)
    .max(50),
});

/** The same as JSON Schema, for Fastify. */
export const orderJsonSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['customer', 'note', 'lines'],
  properties: {
    customer: { type: 'string', minLength: 1, maxLength: 100 },
    note: { type: 'string', maxLength: 2_000 },
    lines: {
      type: 'array',
      minItems: 1,
      maxItems: 50,
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['article', 'quantity'],
        properties: { article: { type: 'string' }, quantity: { type: 'integer', minimum: 1, maximum: 100 } },
      },
    },
  },
} as const;

/** About 1 KB. */
export const order: z.infer<typeof orderSchema> = {
  customer: 'Ada Lovelace',
  note: 'Please leave it with the neighbors. '.repeat(10),
  lines: Array.from({ length: 14 }, (_, index) => ({
    article: `article-${index}-abcdef`,
    quantity: index + 1,
  })),
};

export const histogramOptions = {
  name: 'http_request_duration_seconds',
  help: 'Duration of requests.',
  labelNames: ['method', 'route', 'status'] as const,
  buckets: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
};

/** Prints the address of a contestant for the benchmark. */
export function printAddress(port: number): void {
  process.stdout.write(`${JSON.stringify({ event: 'started', address: `http://127.0.0.1:${port}` })}\n`);
}
