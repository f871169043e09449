import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import type { CreatedFeatures, Feature, FeatureSet } from '../../../src/routes/feature.ts';
import { defineRoute } from '../../../src/routes/route.ts';
import { large, order, orderSchema, small } from '../payloads.ts';
import { countingSink, STREAM_BYTES, streamOf } from '../stream-payload.ts';

const bench: Feature = {
  id: 'bench',
  base: '/bench',
  title: 'Benchmark',
  summary: 'The routes of the benchmark.',
  guard: 'public',
  routes: [
    defineRoute({
      method: 'get',
      path: '/small',
      title: 'Small response',
      summary: 'Returns a small JSON object.',
      response: z.object({ message: z.string(), count: z.number(), ok: z.boolean() }),
      examples: [{ title: 'Small' }],
      handler: () => small,
    }),
    defineRoute({
      method: 'get',
      path: '/large',
      title: 'Large response',
      summary: 'Returns about 100 KB of JSON.',
      response: z.object({ items: z.array(z.unknown()) }),
      examples: [{ title: 'Large' }],
      handler: () => large,
    }),
    defineRoute({
      method: 'post',
      path: '/orders',
      title: 'Validated body',
      summary: 'Validates a body of 1 KB.',
      body: orderSchema,
      response: z.object({ lines: z.number() }),
      examples: [{ title: 'Order', body: order }],
      handler: ({ body }) => ({ lines: body.lines.length }),
    }),
    defineRoute({
      method: 'get',
      path: '/stream',
      title: 'Streamed response',
      summary: 'Streams a large response.',
      response: { mediaType: 'application/octet-stream', description: 'The same byte, repeated' },
      examples: [{ title: 'Stream' }],
      handler: async ({ res }) => {
        res.setHeader('Content-Type', 'application/octet-stream');
        await pipeline(streamOf(STREAM_BYTES), res);
      },
    }),
    defineRoute({
      method: 'post',
      path: '/upload',
      title: 'Streamed body',
      summary: 'Counts the bytes of a large body.',
      body: { mediaType: 'application/octet-stream', maxBytes: 10_000_000_000, description: 'Any bytes' },
      response: z.object({ bytes: z.number() }),
      examples: [{ title: 'Upload' }],
      handler: async ({ body }) => {
        const { sink, bytes } = countingSink();
        await pipeline(body, sink);
        return { bytes: bytes() };
      },
    }),
  ],
};

export const benchSet: FeatureSet = {
  variables: {},
  load: async () => ({ create: (): CreatedFeatures => ({ features: [bench] }) }),
};
