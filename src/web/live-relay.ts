import type { Request, Response } from 'express';
import type { FeatureDependencies } from '../http/feature.ts';
import { Problem } from '../http/problem.ts';
import type { LiveEvent, LiveView, WorkerCard } from './client/shapes.ts';

/** What the management port's `/workers` says. */
interface PrimaryView {
  readonly primary: LiveView['primary'];
  readonly workers: readonly WorkerCard[];
  readonly events: readonly LiveEvent[];
}

const EVERY_MS = 1_000;
/** The primary answers at once or it is in trouble. */
const TIMEOUT_MS = 900;
/** Streams of one worker; a page has one. */
const MAX_STREAMS = 100;
/** A client that does not read is dropped before it costs memory. */
const MAX_UNREAD_BYTES = 1_000_000;

/**
 * `GET /live`: the primary's view of its workers once a second, as server-sent events.
 *
 * The page may talk to this port alone, and management is kept from the public, so a worker passes on what the
 * primary says. Any worker can: when the one that does is blocked or gone, the page connects again and meets another.
 */
export class LiveRelay {
  readonly #dependencies: Pick<FeatureDependencies, 'managementAddress' | 'draining'>;
  readonly #streams = new Set<Response>();
  #timer: NodeJS.Timeout | undefined;
  #events: readonly LiveEvent[] = [];

  constructor(dependencies: Pick<FeatureDependencies, 'managementAddress' | 'draining'>) {
    this.#dependencies = dependencies;
    dependencies.draining.addEventListener('abort', () => this.stop(), { once: true });
  }

  readonly handler = (req: Request, res: Response): void => {
    if (this.#streams.size >= MAX_STREAMS) {
      throw new Problem('busy', {
        detail: 'This worker has enough watchers.',
        headers: { 'Retry-After': '1' },
      });
    }
    res.writeHead(200, {
      'Content-Type': 'text/event-stream',
      'Cache-Control': 'no-store',
      'X-Accel-Buffering': 'no', // nginx would hold events back
    });
    if (req.method === 'HEAD') {
      res.end();
      return;
    }
    res.write('retry: 500\n\n');
    res.once('close', () => this.#leave(res));
    if (this.#dependencies.draining.aborted) {
      res.end();
      return;
    }
    this.#streams.add(res);
    void this.#tick(res);
    this.#timer ??= setInterval(() => void this.#tick(), EVERY_MS);
  };

  /** Says goodbye to the pages, which then connect to another worker. */
  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    for (const res of this.#streams) res.end('event: bye\ndata: {}\n\n');
    this.#streams.clear();
  }

  #leave(res: Response): void {
    this.#streams.delete(res);
    if (this.#streams.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** @param newcomer gets all events that are kept; the others only what is new to them */
  async #tick(newcomer?: Response): Promise<void> {
    const view = await this.#ask();
    if (view === undefined) {
      this.#write(newcomer === undefined ? this.#streams : [newcomer], 'silent', {});
      return;
    }
    const { primary, workers, events } = view;
    const now = { at: Date.now(), primary, workers };
    if (newcomer !== undefined) {
      this.#write([newcomer], 'view', { ...now, events });
      return;
    }
    const known = this.#events.at(-1);
    const index = known === undefined ? -1 : events.findLastIndex((event) => isSame(event, known));
    this.#events = events;
    this.#write(this.#streams, 'view', { ...now, events: events.slice(index + 1) });
  }

  #write(streams: Iterable<Response>, event: string, data: Partial<LiveView>): void {
    const text = `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
    for (const res of streams) {
      if (res.writableEnded || res.closed) continue;
      if (res.writableLength > MAX_UNREAD_BYTES) res.destroy();
      else res.write(text);
    }
  }

  async #ask(): Promise<PrimaryView | undefined> {
    const { managementAddress } = this.#dependencies;
    if (managementAddress === undefined) return undefined;
    try {
      const signal = AbortSignal.timeout(TIMEOUT_MS);
      const response = await fetch(`${await managementAddress()}/workers`, { signal });
      if (!response.ok) return undefined;
      return (await response.json()) as PrimaryView;
    } catch {
      return undefined; // the page is told that the primary is silent
    }
  }
}

function isSame(one: LiveEvent, other: LiveEvent): boolean {
  return ['at', 'event', 'worker', 'slot'].every((name) => one[name] === other[name]);
}
