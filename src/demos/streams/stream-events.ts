/** What streams emit, as it comes. */
import type { Stream } from 'node:stream';
import { z } from 'zod';
import { toMicroseconds, type Timeline } from '../evidence/timeline.ts';

export const eventsSchema = z
  .array(z.strictObject({ atMs: z.number(), of: z.string(), event: z.string(), detail: z.string() }))
  .describe('In the order in which they came');
export type Seen = z.infer<typeof eventsSchema>;

/** Notes each of these events of a stream, and hears its errors. */
export function watch(
  stream: Stream,
  of: string,
  names: readonly string[],
  events: Seen,
  timeline: Timeline,
) {
  stream.on('error', () => undefined); // of a client that left: whoever waits for the stream hears of it
  for (const event of names) {
    stream.on(event, (detail: unknown) => {
      const text = typeof detail === 'string' || Buffer.isBuffer(detail) ? detail.toString() : '';
      note(events, timeline, of, event, text);
    });
  }
}

export function note(events: Seen, timeline: Timeline, of: string, event: string, detail: string): void {
  events.push({ atMs: toMicroseconds(timeline.now()), of, event, detail });
}

/** The events in a line; repeated ones are counted. */
export function orderOf(events: Seen): string {
  const runs: { event: string; times: number }[] = [];
  for (const { event } of events) {
    const last = runs.at(-1);
    if (last?.event === event) last.times += 1;
    else runs.push({ event, times: 1 });
  }
  return runs.map(({ event, times }) => (times === 1 ? event : `${event} × ${times}`)).join(', ');
}
