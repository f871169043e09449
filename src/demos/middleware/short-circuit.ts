import express, { type Express } from 'express';
import { z } from 'zod';
import { count } from '../kit/answer/units.ts';
import { demoRoute, oneOf, type Lesson } from '../kit/demo.ts';
import { fetchResponse, overLoopback } from '../kit/measure/loopback.ts';
import { toMicroseconds, type Timeline } from '../kit/measure/timeline.ts';

const names = ['outer', 'gate', 'behind', 'handler'] as const;
type Name = (typeof names)[number];

const resultSchema = z.strictObject({
  status: z.number(),
  answeredBy: z.string(),
  layers: z.array(
    z.strictObject({
      layer: z.enum(names),
      ran: z.boolean(),
      calledNext: z.boolean(),
      atMs: z.number().nullable(),
    }),
  ),
  outerSawTheEnd: z.boolean().describe('Whether the first layer received the finish event of the response'),
});

export const shortCircuit = demoRoute({
  method: 'get',
  path: '/short-circuit',
  title: 'End the chain early',
  summary: 'Lets the second of four layers respond; the layers after it do not run.',
  teaches:
    'A layer that responds without calling next ends the chain. This is how rate limiters, caches and health checks work. A ' +
    'layer that does neither leaves the client waiting.',
  query: z.object({ stop: oneOf('Whether the gate responds', ['true', 'false']) }),
  result: resultSchema,
  examples: [
    { title: 'The gate responds', query: { stop: true, as: 'text' } },
    { title: 'The gate calls next', query: { stop: false, as: 'text' } },
  ],
  contrasts: [
    'middleware/short-circuit?stop=false',
    'middleware/short-circuit?stop=true',
    'middleware/order',
  ],
  async run({ query, signal, timeline }) {
    const record = new LayerRecord(timeline);
    const app = createChain(query.stop === 'true', record);
    const { status, body } = await overLoopback(app, (origin) => fetchResponse(origin, { signal }));
    const { outerSawTheEnd } = record;
    const layers = names.map((layer) => record.describe(layer));
    const result = { status, answeredBy: body.toString(), layers, outerSawTheEnd };
    return { result, lesson: conclude(result) };
  },
});

/** Four layers, of which the second may respond. */
function createChain(stop: boolean, record: LayerRecord): Express {
  const app = express();
  app.use(function outer(_req, res, next) {
    record.ran('outer');
    res.once('finish', () => (record.outerSawTheEnd = true));
    record.calledNext('outer');
    next();
  });
  app.use(function gate(_req, res, next) {
    record.ran('gate');
    if (stop) {
      res.status(403).send('gate');
      return;
    }
    record.calledNext('gate');
    next();
  });
  app.use(function behind(_req, _res, next) {
    record.ran('behind');
    record.calledNext('behind');
    next();
  });
  app.use(function handler(_req, res) {
    record.ran('handler');
    res.send('handler');
  });
  return app;
}

/** What the layers themselves report. */
class LayerRecord {
  outerSawTheEnd = false;
  readonly #timeline: Timeline;
  readonly #ranAt = new Map<Name, number>();
  readonly #calledNext = new Set<Name>();

  constructor(timeline: Timeline) {
    this.#timeline = timeline;
  }

  ran(name: Name): void {
    this.#ranAt.set(name, this.#timeline.now());
  }

  calledNext(name: Name): void {
    this.#calledNext.add(name);
  }

  describe(layer: Name) {
    const at = this.#ranAt.get(layer);
    return {
      layer,
      ran: at !== undefined,
      calledNext: this.#calledNext.has(layer),
      atMs: at === undefined ? null : toMicroseconds(at),
    };
  }
}

function conclude({ status, answeredBy, layers, outerSawTheEnd }: z.infer<typeof resultSchema>): Lesson {
  const skipped = layers.filter(({ ran }) => !ran).map(({ layer }) => layer);
  const ran = `${layers.length - skipped.length} of ${count(layers.length, 'layer')} ran`;
  const others =
    skipped.length === 0 ? 'No layer was skipped' : `The layers ${skipped.join(' and ')} did not run`;
  return {
    headline: `${answeredBy} responded with ${status}; ${ran}`,
    text: `${others}. The outer layer ${outerSawTheEnd ? 'received' : 'did not receive'} the finish event of the response.`,
  };
}
