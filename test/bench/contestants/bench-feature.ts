import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import {
  defineRoute,
  type CreatedFeatures,
  type Feature,
  type FeatureSet,
} from '../../../src/http/feature.ts';
import { large, order, orderSchema, small } from '../payloads.ts';
import { countingSink, STREAM_BYTES, streamOf } from '../stream-payload.ts';

const bench: Feature = {
  id: 'bench',
  base: '/bench',
  title: 'Bench',
  summary: 'What the contestants of the bench answer.',
  routes: [
    defineRoute({
      method: 'get',
      path: '/small',
      summary: 'A small JSON object.',
      response: z.object({ message: z.string(), count: z.number(), ok: z.boolean() }),
      examples: [{ title: 'Small' }],
      handler: () => small,
    }),
    defineRoute({
      method: 'get',
      path: '/large',
      summary: 'About 100 KB of JSON.',
      response: z.object({ items: z.array(z.unknown()) }),
      examples: [{ title: 'Large' }],
      handler: () => large,
    }),
    defineRoute({
      method: 'post',
      path: '/orders',
      summary: 'A body of 1 KB that is validated.',
      body: orderSchema,
      response: z.object({ lines: z.number() }),
      examples: [{ title: 'Order', body: order }],
      handler: ({ body }) => ({ lines: body.lines.length }),
    }),
    defineRoute({
      method: 'get',
      path: '/stream',
      summary: 'A long answer, as a stream.',
      response: { mediaType: 'application/octet-stream', description: 'The same byte again and again.' },
      examples: [{ title: 'Stream' }],
      handler: async ({ res }) => {
        res.setHeader('Content-Type', 'application/octet-stream');
        await pipeline(streamOf(STREAM_BYTES), res);
      },
    }),
    defineRoute({
      method: 'post',
      path: '/upload',
      summary: 'A long body, as a stream.',
      body: { mediaType: 'application/octet-stream', maxBytes: 10_000_000_000, description: 'Anything' },
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
