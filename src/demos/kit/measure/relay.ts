import { connect, createServer, type Socket } from 'node:net';
import { whileListening } from './loopback.ts';

export interface RelayOptions {
  /** The port of the server on loopback. */
  readonly to: number;
  /** How long each packet travels, in milliseconds. */
  readonly delayMs?: number;
}

/** A connection through a relay. */
export class RelayedConnection {
  /** Bytes from the client to the server. */
  sentBytes = 0;
  receivedBytes = 0;
  #held: Buffer[] | undefined;
  readonly #client: Socket;

  constructor(client: Socket, server: Socket, delayMs: number) {
    this.#client = client;
    const after = (run: () => void) => (delayMs === 0 ? run() : setTimeout(run, delayMs));
    client.on('data', (chunk: Buffer) => {
      this.sentBytes += chunk.length;
      after(() => server.write(chunk));
    });
    server.on('data', (chunk: Buffer) => {
      this.receivedBytes += chunk.length;
      after(() => this.#deliver(chunk));
    });
    for (const [one, other] of [
      [client, server],
      [server, client],
    ] as const) {
      one.on('error', () => undefined);
      one.on('end', () => after(() => other.end()));
      one.on('close', () => after(() => other.destroy()));
    }
  }

  /** Delivers nothing more to the client, as TCP does while it waits for a lost packet to be sent again. */
  hold(): void {
    this.#held ??= [];
  }

  /** Delivers what was held, in order. */
  release(): void {
    for (const chunk of this.#held ?? []) this.#client.write(chunk);
    this.#held = undefined;
  }

  #deliver(chunk: Buffer): void {
    if (this.#held === undefined) this.#client.write(chunk);
    else this.#held.push(chunk);
  }
}

/**
 * Runs `visit` with a relay between clients and a server on loopback, where packets are neither slow nor lost.
 *
 * @param visit gets the port of the relay and its connections so far, the oldest first
 */
export function overRelay<T>(
  { to, delayMs = 0 }: RelayOptions,
  visit: (port: number, connections: readonly RelayedConnection[]) => Promise<T>,
): Promise<T> {
  const connections: RelayedConnection[] = [];
  const relay = createServer({ noDelay: true }, (client) => {
    const server = connect({ host: '127.0.0.1', port: to, noDelay: true });
    connections.push(new RelayedConnection(client, server, delayMs));
  });
  return whileListening(relay, (port) => visit(port, connections));
}
