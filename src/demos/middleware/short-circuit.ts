import express, { type Express } from 'express';
import { z } from 'zod';
import { demoRoute, oneOf } from '../demo.ts';
import { overLoopback } from '../evidence/loopback.ts';
import { exchange } from '../evidence/request.ts';
import { toMicroseconds, type Timeline } from '../evidence/timeline.ts';
import { count } from '../evidence/words.ts';

const names = ['outer', 'gate', 'behind', 'handler'] as const;
type Name = (typeof names)[number];

export const shortCircuitRoute = demoRoute({
  method: 'get',
  path: '/short-circuit',
  summary: 'A layer that answers by itself: those behind it do not run.',
  teaches:
    'A layer that answers and does not call next ends the way: so work a limiter, a cache or a health check. One that does neither leaves the client waiting.',
  query: z.object({ stop: oneOf('Whether the gate answers by itself', ['true', 'false']) }),
  result: z.strictObject({
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
    outerSawTheEnd: z.boolean().describe('Whether the first layer was told that the answer was complete'),
  }),
  examples: [
    { title: 'The gate answers', query: { as: 'text' } },
    { title: 'The gate lets it pass', query: { stop: false, as: 'text' } },
  ],
  contrasts: [
    'middleware/short-circuit?stop=false',
    'middleware/short-circuit?stop=true',
    'middleware/order',
  ],
  async run({ query, signal, timeline }) {
    const seen = new Seen(timeline);
    const answer = await overLoopback(createRow(query.stop === 'true', seen), (origin) =>
      exchange(origin, { signal }),
    );
    const layers = names.map((layer) => seen.describe(layer));
    const answeredBy = answer.body.toString();
    const silent = layers.filter(({ ran }) => !ran).map(({ layer }) => layer);
    return {
      result: { status: answer.status, answeredBy, layers, outerSawTheEnd: seen.outerSawTheEnd },
      lesson:
        `${answeredBy} answered with ${answer.status} after ${count(layers.length - silent.length, 'layer')} of ${layers.length} had run; ` +
        (silent.length === 0 ? 'nobody was left out' : `${silent.join(' and ')} did not run`) +
        `, and the outer layer ${seen.outerSawTheEnd ? 'learnt of the end all the same' : 'did not learn of the end'}.`,
    };
  },
});

/** A row of four layers of which the second may answer. */
function createRow(stop: boolean, seen: Seen): Express {
  const row = express();
  row.use(function outer(_req, res, next) {
    seen.ran('outer');
    res.once('finish', () => (seen.outerSawTheEnd = true));
    seen.passedOn('outer');
    next();
  });
  row.use(function gate(_req, res, next) {
    seen.ran('gate');
    if (stop) {
      res.status(403).send('gate');
      return;
    }
    seen.passedOn('gate');
    next();
  });
  row.use(function behind(_req, _res, next) {
    seen.ran('behind');
    seen.passedOn('behind');
    next();
  });
  row.use(function handler(_req, res) {
    seen.ran('handler');
    res.send('handler');
  });
  return row;
}

/** What the layers themselves told. */
class Seen {
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

  passedOn(name: Name): void {
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
