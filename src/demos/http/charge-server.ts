/** A server that charges orders, and at which some first attempts fail. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { json } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { hashRequest } from '../../shared/idempotency-key.ts';

export const ways = ['plain', 'late', 'key'] as const;
export type Way = (typeof ways)[number];

/** How long a charge takes; a slow one takes longer than a client waits at first. */
const CHARGE_MS = 5;
const SLOW_CHARGE_MS = 150;

type Fault = 'response lost' | 'slow' | 'no fault';

/** What happens to the first attempt of an order. */
export function faultOf(order: number): Fault {
  return (['response lost', 'slow', 'no fault'] as const)[order % 3] ?? 'no fault';
}

interface Stored {
  readonly hash: string;
  readonly charged: Promise<number>;
}

export class ChargeServer {
  /** The order of each charge. */
  readonly charges: number[] = [];
  attempts = 0;
  responsesLost = 0;
  replayed = 0;
  readonly #way: Way;
  readonly #seen = new Set<number>();
  readonly #stored = new Map<string, Stored>();
  readonly #running = new Set<Promise<void>>();

  constructor(way: Way) {
    this.#way = way;
  }

  readonly serve = (req: IncomingMessage, res: ServerResponse): void => {
    const running = this.#handle(req, res).catch(() => void res.destroy());
    this.#running.add(running);
    void running.then(() => this.#running.delete(running));
  };

  /** Resolves when no request is in progress. */
  async idle(): Promise<void> {
    await Promise.all(this.#running);
  }

  async #handle(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const body = (await json(req)) as { readonly order: number };
    const { order } = body;
    this.attempts += 1;
    const fault = this.#seen.has(order) ? 'no fault' : faultOf(order);
    this.#seen.add(order);
    const key = req.headers['idempotency-key'];
    const hash = hashRequest(body);
    const stored = typeof key === 'string' ? this.#stored.get(key) : undefined;
    if (stored !== undefined && stored.hash !== hash) {
      res.writeHead(422).end();
      return;
    }
    if (stored !== undefined) this.replayed += 1;
    const charged = stored?.charged ?? this.#charge(order, fault);
    if (this.#way === 'key' && typeof key === 'string') this.#stored.set(key, { hash, charged });
    const charge = await charged;
    if (this.#way === 'late' && typeof key === 'string') this.#stored.set(key, { hash, charged });
    if (fault === 'response lost') {
      this.responsesLost += 1;
      res.destroy();
      return;
    }
    res.writeHead(201, { 'Content-Type': 'application/json' }).end(JSON.stringify({ charge }));
  }

  async #charge(order: number, fault: Fault): Promise<number> {
    await sleep(fault === 'slow' ? SLOW_CHARGE_MS : CHARGE_MS);
    return this.charges.push(order);
  }
}
