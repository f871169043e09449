import type { Stream } from 'node:stream';
import { z } from 'zod';
import { toMicroseconds, type Timeline } from '../kit/measure/timeline.ts';

export const eventsSchema = z
  .array(z.strictObject({ atMs: z.number(), of: z.string(), event: z.string(), detail: z.string() }))
  .describe('In the order of arrival');

/** Records the events of streams. */
export class EventLog {
  readonly events: z.infer<typeof eventsSchema> = [];
  readonly #timeline: Timeline;

  constructor(timeline: Timeline) {
    this.#timeline = timeline;
  }

  /** Records these events of a stream. */
  watch(stream: Stream, of: string, names: readonly string[]): void {
    stream.on('error', () => undefined); // after a disconnect; the handler's own wait rejects as well
    for (const event of names) {
      stream.on(event, (detail: unknown) => {
        const isText = typeof detail === 'string' || Buffer.isBuffer(detail);
        this.add(of, event, isText ? detail.toString() : '');
      });
    }
  }

  add(of: string, event: string, detail: string): void {
    this.events.push({ atMs: toMicroseconds(this.#timeline.now()), of, event, detail });
  }

  /** The events on one line; consecutive equal ones are counted: "resume, data × 4, end". */
  get order(): string {
    const runs: { event: string; times: number }[] = [];
    for (const { event } of this.events) {
      const last = runs.at(-1);
      if (last?.event === event) last.times += 1;
      else runs.push({ event, times: 1 });
    }
    return runs.map(({ event, times }) => (times === 1 ? event : `${event} × ${times}`)).join(', ');
  }
}
