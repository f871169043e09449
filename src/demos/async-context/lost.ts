import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';
import { z } from 'zod';
import { demoRoute, wholeNumber, type Lesson } from '../kit/demo.ts';
import type { Timeline } from '../kit/measure/timeline.ts';
import { createPlaces, type Place } from './places.ts';

const rowSchema = z.strictObject({
  place: z.string().describe('What keeps the callbacks'),
  runBy: z.string().describe('What runs them'),
  right: z.number().describe('Callbacks that saw the context of the request that passed them'),
  other: z.number().describe('Callbacks that saw the context of another request'),
  none: z.number().describe('Callbacks that saw no context'),
  rightIfBound: z.number().describe('`right`, if each callback is wrapped by AsyncResource.bind'),
});
export type Row = z.infer<typeof rowSchema>;

export const lost = demoRoute({
  method: 'get',
  path: '/lost',
  title: 'Lose the context',
  summary:
    'Passes a callback per request to seven places that run it later, and checks which context it sees.',
  teaches:
    'A promise or timer continues in the context in which it was awaited or started. Code that stores callbacks runs them in ' +
    'the context of its own caller: another request, or none. AsyncResource.bind ties a callback to the context it was ' +
    'created in.',
  query: z.object({
    requests: wholeNumber('Requests that pass a callback', { min: 1, max: 50, default: 10 }),
  }),
  result: z.strictObject({ requests: z.number(), places: z.array(rowSchema) }),
  examples: [
    { title: 'Ten requests', query: { as: 'text' } },
    { title: 'A single request', query: { requests: 1, as: 'text' } },
  ],
  contrasts: ['async-context/who?way=local', 'events/emit'],
  async run({ query: { requests }, signal, timeline }) {
    const plain = await runPlaces(requests, (callback) => callback, signal, timeline, 'plain');
    const bound = await runPlaces(
      requests,
      (callback) => AsyncResource.bind(callback),
      signal,
      timeline,
      'bound',
    );
    const places = plain.map(({ place, runBy, contexts }, index) => ({
      place,
      runBy,
      ...tally(contexts),
      rightIfBound: tally(bound[index]?.contexts ?? []).right,
    }));
    return { result: { requests, places }, lesson: conclude(places, requests) };
  },
});

interface Seen {
  /** The request that passed the callback. */
  readonly request: number;
  /** The context in which it ran. */
  readonly context: number | undefined;
}

type Wrap = (callback: () => void) => () => void;

async function runPlaces(
  requests: number,
  wrap: Wrap,
  signal: AbortSignal,
  timeline: Timeline,
  lane: string,
): Promise<{ place: string; runBy: string; contexts: readonly Seen[] }[]> {
  const results = [];
  for (const place of createPlaces()) {
    try {
      signal.throwIfAborted();
      const contexts = await timeline.record(place.name, lane, () => passCallbacks(place, requests, wrap));
      results.push({ place: place.name, runBy: place.runBy, contexts });
    } finally {
      place.stop?.();
    }
  }
  return results;
}

/** Passes a callback in the context of each request. Resolves when all have run. */
function passCallbacks(place: Place, requests: number, wrap: Wrap): Promise<Seen[]> {
  const storage = new AsyncLocalStorage<number>();
  const seen: Seen[] = [];
  return new Promise((resolve) => {
    for (let request = 1; request <= requests; request += 1) {
      storage.run(request, () => {
        const callback = () => {
          seen.push({ request, context: storage.getStore() });
          if (seen.length === requests) resolve(seen);
        };
        place.keep(wrap(callback), request === requests);
      });
    }
  });
}

function tally(contexts: readonly Seen[]) {
  const right = contexts.filter(({ request, context }) => context === request).length;
  const none = contexts.filter(({ context }) => context === undefined).length;
  return { right, other: contexts.length - right - none, none };
}

export function conclude(places: readonly Row[], requests: number): Lesson {
  const lossy = places.filter(({ right }) => right < requests);
  const kept = places.filter(({ right }) => right === requests).map(({ place }) => place);
  if (lossy.length === 0) {
    return {
      headline: 'Every callback saw the context of its own request',
      text: `With ${requests} at a time, no place mixed contexts.${requests === 1 ? ' This run does not tell more: send several requests.' : ''}`,
    };
  }
  const unbound = lossy.filter(({ rightIfBound }) => rightIfBound < requests);
  const losses = lossy.map(({ place, right }) => `${place} ${right} of ${requests}`).join(', ');
  return {
    headline: `${lossy.length} of ${places.length} places ran callbacks in the wrong context`,
    text:
      `The context was right for: ${losses}. They call back in the context of their own caller; ` +
      `${kept.length === 0 ? 'none kept' : `${kept.join(', ')} kept`} that of the request. ` +
      (unbound.length === 0
        ? 'With AsyncResource.bind every callback was right.'
        : `AsyncResource.bind did not help: ${unbound.map(({ place }) => place).join(', ')}.`),
  };
}
