import type { Demo } from '../demo.ts';
import { abandonedRoutes } from './abandoned.ts';
import { backpressureRoutes } from './backpressure.ts';
import { chainRoutes } from './chain.ts';
import { eventRoutes } from './events.ts';
import { fileRoutes } from './file.ts';
import { kindRoutes } from './kinds.ts';
import { ndjsonRoutes } from './ndjson.ts';
import { rangeRoutes } from './range.ts';
import { uploadRoutes } from './upload.ts';

export const streams = {
  id: 'streams',
  title: 'Streams',
  summary: 'Data that passes through in pieces: constant memory, first byte at once, back-pressure.',
  teaches:
    'A stream holds a few pieces of the data and never the whole. pipeline connects streams so that a slow reader slows ' +
    'the source, an error ends them all, and nothing stays open when a client leaves.',
  lookFor: 'peakMemoryBytes against bytes, and firstByteMs against lastByteMs.',
  practices: ['2.13'],
  routes: [
    ...kindRoutes,
    ...fileRoutes,
    ...uploadRoutes,
    ...chainRoutes,
    ...backpressureRoutes,
    ...abandonedRoutes,
    ...ndjsonRoutes,
    ...eventRoutes,
    ...rangeRoutes,
  ],
} satisfies Demo;
