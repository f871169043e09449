import type { Request } from 'express';
import { performance } from 'node:perf_hooks';
import { z } from 'zod';
import { demoRoute } from '../demo.ts';
import type { PassedLayer } from '../evidence/layer-trace.ts';
import { toMicroseconds, type Timeline } from '../evidence/timeline.ts';
import { count, ms } from '../evidence/words.ts';
import { kinds, nameLayer, type Kind } from './kinds.ts';
import { createStack, passThrough, type StackNotes } from './stack.ts';

const layerSchema = z.strictObject({
  position: z.number(),
  layer: z.string(),
  kind: z.enum(kinds),
  from: z.string(),
  tookMs: z
    .number()
    .describe('From the call of this layer to the call of the next, and of the last to the answer'),
});
type LayerRow = z.infer<typeof layerSchema>;

export function createOrderRoute() {
  const notes = new WeakMap<Request, StackNotes>();
  const stack = createStack(notes);
  return demoRoute({
    method: 'get',
    path: '/order',
    summary:
      'The layers that this very request passed, in order, with the kind of each and the time it took.',
    teaches:
      'Middleware is a row of functions; its order in the code is its order in time. Each passes the request on, answers it, or fails; then the router looks for the next error layer.',
    result: z.strictObject({
      layers: z.array(layerSchema),
      layersByKind: z.record(z.enum(kinds), z.number()),
      passedOver: z.array(z.string()).describe('Layers that an error kept from running'),
      slowest: z.string(),
      totalMs: z.number(),
    }),
    examples: [{ title: 'What this request passed', query: { as: 'text' } }],
    contrasts: ['middleware/short-circuit', 'failures/throw'],
    async run({ req, res, timeline, tools }) {
      await passThrough(stack, req, res);
      const endedAt = performance.now();
      const passed = tools.layerTrace.passedBy(req);
      const layers = describe(passed, req, endedAt);
      draw(passed, layers, endedAt, timeline);
      const layersByKind = Object.fromEntries(
        kinds.map((kind) => [kind, layers.filter((layer) => layer.kind === kind).length]),
      ) as Record<Kind, number>;
      const passedOver = stack.stack
        .map(({ name }) => name)
        .filter((name) => !layers.some(({ layer }) => layer === name));
      const [slowest] = layers.toSorted((a, b) => b.tookMs - a.tookMs);
      const totalMs = toMicroseconds(endedAt - (passed[0]?.startedAt ?? endedAt));
      return {
        result: { layers, layersByKind, passedOver, slowest: slowest?.layer ?? 'none', totalMs },
        lesson:
          slowest === undefined
            ? 'No layer was seen: this router does not tell, or the request came to it by another way.'
            : `This request passed ${count(layers.length, 'layer')} in ${ms(totalMs)} (${kinds.map((kind) => `${layersByKind[kind]} ${kind}`).join(', ')}); ` +
              `${slowest.layer} took longest, ${ms(slowest.tookMs)}. An error layer got «${notes.get(req)?.recovered ?? 'nothing'}», and ${passedOver.join(', ') || 'no layer'} was passed over.`,
      };
    },
  });
}

function describe(passed: readonly PassedLayer[], req: Request, endedAt: number): LayerRow[] {
  return passed.map((layer, index) => {
    const { name, kind, from } = nameLayer(layer, req.app);
    const next = passed[index + 1]?.startedAt ?? endedAt;
    return { position: index + 1, layer: name, kind, from, tookMs: toMicroseconds(next - layer.startedAt) };
  });
}

/** The timeline begins with the request's first layer here, which ran before this demo was asked. */
function draw(
  passed: readonly PassedLayer[],
  rows: readonly LayerRow[],
  endedAt: number,
  timeline: Timeline,
): void {
  const zero = passed[0]?.startedAt ?? endedAt;
  for (const [index, { startedAt }] of passed.entries()) {
    const row = rows[index];
    if (row !== undefined) timeline.add(row.layer, row.kind, startedAt - zero, startedAt - zero + row.tookMs);
  }
}
