import type { Request, Response } from 'express';
import { rejectForeignCaller } from '../http/foreign-request.ts';
import { Problem } from '../http/problem.ts';
import type { FeatureDependencies } from '../routes/feature.ts';
import { managementHeaders } from '../supervision/management-access.ts';
import type { ClusterView, SupervisionEvent } from '../supervision/supervision.ts';
import type { LiveView } from './page-data.ts';

type Dependencies = Pick<FeatureDependencies, 'config' | 'managementAddress' | 'draining'>;

const INTERVAL_MS = 1_000;
/** The primary responds at once unless it is stuck. */
const TIMEOUT_MS = 900;
/** Per worker; a page has one stream. */
const MAX_STREAMS = 100;
/** A client that does not read is disconnected before it costs more memory. */
const MAX_UNREAD_BYTES = 1_000_000;

/**
 * `GET /live`: the primary's view of its workers once per second, as server-sent events.
 *
 * The page can reach only this port, and the management port is not public, so a worker relays the primary's data. Any
 * worker can: if the relaying worker blocks or dies, the page reconnects and reaches another one.
 */
export class LiveRelay {
  readonly #dependencies: Dependencies;
  readonly #streams = new Set<Response>();
  #timer: NodeJS.Timeout | undefined;
  #events: readonly SupervisionEvent[] = [];

  constructor(dependencies: Dependencies) {
    this.#dependencies = dependencies;
    dependencies.draining.addEventListener('abort', () => this.stop(), { once: true });
  }

  readonly handler = (req: Request, res: Response): void => {
    rejectForeignCaller(req);
    if (this.#streams.size >= MAX_STREAMS) {
      throw new Problem('busy', {
        detail: 'This worker has too many live streams.',
        headers: { 'Retry-After': '1' },
      });
    }
    res.writeHead(200, {
      'Content-Type': 'text/event-stream',
      'Cache-Control': 'no-store',
      'X-Accel-Buffering': 'no', // nginx would buffer events
    });
    if (req.method === 'HEAD') {
      res.end();
      return;
    }
    res.write('retry: 500\n\n');
    res.once('close', () => this.#remove(res));
    if (this.#dependencies.draining.aborted) {
      res.end();
      return;
    }
    this.#streams.add(res);
    void this.#send(res);
    this.#timer ??= setInterval(() => void this.#send(), INTERVAL_MS);
  };

  /** Ends each stream with a final event; the pages then connect to another worker. */
  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    for (const res of this.#streams) res.end('event: bye\ndata: {}\n\n');
    this.#streams.clear();
  }

  #remove(res: Response): void {
    this.#streams.delete(res);
    if (this.#streams.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** @param newStream gets all events that are kept; without it, all streams get the events since the last view */
  async #send(newStream?: Response): Promise<void> {
    const view = await this.#fetchView();
    const streams = newStream === undefined ? this.#streams : [newStream];
    if (view === undefined) {
      this.#write(streams, 'silent');
      return;
    }
    let { events } = view;
    if (newStream === undefined) {
      const known = this.#events.at(-1);
      this.#events = events;
      if (known !== undefined)
        events = events.slice(events.findLastIndex((event) => isSame(event, known)) + 1);
    }
    this.#write(streams, 'view', { ...view, at: Date.now(), events });
  }

  #write(streams: Iterable<Response>, event: string, data: LiveView | object = {}): void {
    const text = `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
    for (const res of streams) {
      if (res.writableEnded || res.closed) continue;
      if (res.writableLength > MAX_UNREAD_BYTES) res.destroy();
      else res.write(text);
    }
  }

  /** @returns undefined if the primary does not respond */
  async #fetchView(): Promise<ClusterView | undefined> {
    const { config, managementAddress } = this.#dependencies;
    if (managementAddress === undefined) return undefined;
    try {
      const signal = AbortSignal.timeout(TIMEOUT_MS);
      const headers = managementHeaders(config);
      const response = await fetch(`${await managementAddress()}/workers`, { headers, signal });
      return response.ok ? ((await response.json()) as ClusterView) : undefined;
    } catch {
      return undefined;
    }
  }
}

function isSame(one: SupervisionEvent, other: SupervisionEvent): boolean {
  return (['at', 'event', 'worker', 'slot'] as const).every((name) => one[name] === other[name]);
}
