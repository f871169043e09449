import type { Request } from 'express';
import { performance } from 'node:perf_hooks';
import { z } from 'zod';
import { count, ms } from '../kit/answer/units.ts';
import { demoRoute, type Lesson } from '../kit/demo.ts';
import type { PassedLayer } from '../kit/measure/layer-trace.ts';
import { toMicroseconds, type Timeline } from '../kit/measure/timeline.ts';
import { kinds, nameLayer, type Kind } from './kinds.ts';
import { passStack, stackLayers } from './stack.ts';

const layerSchema = z.strictObject({
  position: z.number(),
  layer: z.string(),
  kind: z.enum(kinds),
  from: z.string(),
  tookMs: z
    .number()
    .describe('From the call of this layer to the call of the next one, or to the end of the last one'),
});
type LayerRow = z.infer<typeof layerSchema>;

const resultSchema = z.strictObject({
  layers: z.array(layerSchema),
  layersByKind: z.record(z.enum(kinds), z.number()),
  passedOver: z.array(z.string()).describe('Layers that were skipped because an error was pending'),
  slowest: z.string().describe('Of the layers before the handler of this demo and in its stack'),
  totalMs: z.number(),
});

export const order = demoRoute({
  method: 'get',
  path: '/order',
  title: 'Trace the layers',
  summary: 'Lists the layers that this request passed, in order, with the kind and duration of each.',
  teaches:
    'Layers run in the order in which they were added. Each one calls the next, responds or fails; after an error the ' +
    'router continues with the next error handler.',
  result: resultSchema,
  examples: [{ title: 'The layers of this request', query: { as: 'text' } }],
  contrasts: ['middleware/short-circuit', 'failures/throw'],
  async run({ req, res, timeline, resources }) {
    const recoveredError = await passStack(req, res);
    const endedAt = performance.now();
    const passed = resources.layerTrace.passedBy(req);
    const layers = describe(passed, req, endedAt);
    const added = layers.filter(({ from }) => from !== THIS_DEMO);
    draw(layers, timeline);
    const layersByKind = Object.fromEntries(
      kinds.map((kind) => [kind, layers.filter((layer) => layer.kind === kind).length]),
    ) as Record<Kind, number>;
    const result = {
      layers,
      layersByKind,
      passedOver: stackLayers.filter((name) => !layers.some(({ layer }) => layer === name)),
      slowest: slowestOf(added)?.layer ?? 'none',
      totalMs: toMicroseconds(endedAt - (passed[0]?.startedAt ?? endedAt)),
    };
    return { result, lesson: conclude(result, recoveredError) };
  },
});

const THIS_DEMO = 'the handler of this demo';

function describe(passed: readonly PassedLayer[], req: Request, endedAt: number): LayerRow[] {
  const names = passed.map((layer) => nameLayer(layer, req.app));
  // The layers of its stack run last, inside the handler.
  const own = names.findLastIndex(({ name }) => !stackLayers.includes(name));
  return passed.map((layer, index) => {
    const { name = '', kind = 'application', from: added = '' } = names[index] ?? {};
    const from = index === own ? THIS_DEMO : added;
    const next = passed[index + 1]?.startedAt ?? endedAt;
    return { position: index + 1, layer: name, kind, from, tookMs: toMicroseconds(next - layer.startedAt) };
  });
}

function slowestOf(layers: readonly LayerRow[]): LayerRow | undefined {
  return layers.toSorted((a, b) => b.tookMs - a.tookMs)[0];
}

/** Starts at the first layer, which ran before this handler. */
function draw(layers: readonly LayerRow[], timeline: Timeline): void {
  let startMs = 0;
  for (const { layer, kind, tookMs } of layers) {
    timeline.add(layer, kind, startMs, startMs + tookMs);
    startMs += tookMs;
  }
}

function conclude(
  { layers, layersByKind, passedOver, totalMs }: z.infer<typeof resultSchema>,
  recoveredError: string | undefined,
): Lesson {
  const slowest = slowestOf(layers.filter(({ from }) => from !== THIS_DEMO));
  if (slowest === undefined) {
    return {
      headline: 'No layer was recorded for this request',
      text: 'The router published no layers, or the request was routed by another URL. This run cannot show the order.',
    };
  }
  const byKind = kinds.map((kind) => `${layersByKind[kind]} ${kind}`).join(', ');
  const received =
    recoveredError === undefined ? 'No error handler ran' : `An error handler received "${recoveredError}"`;
  const skipped = passedOver.length === 0 ? 'no layer was skipped' : `${passedOver.join(', ')} did not run`;
  return {
    headline: `${count(layers.length, 'layer')} ran in ${ms(totalMs)}; ${slowest.layer} took longest`,
    text:
      `The layers by kind: ${byKind}. ${slowest.layer} took ${ms(slowest.tookMs)} until it called the next layer; what a layer ` +
      'does on the way back, such as compressing or logging the response, comes later and is not measured. ' +
      `${received}, and ${skipped}.`,
  };
}
