/** A server and a client that calls it in several ways, in a thread so that other requests do not slow them. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { performance } from 'node:perf_hooks';
import { parentPort, workerData } from 'node:worker_threads';
import { Agent, request } from 'undici';

export type Connections = 'fresh' | 'kept' | 'pooled' | 'unread';

export interface ClientJob {
  /** Each of these calls the server in turn. */
  readonly ways: readonly Connections[];
  readonly calls: number;
  readonly bytes: number;
  readonly pool: number;
}

export interface ClientRun {
  readonly connections: Connections;
  /** Connections that the server accepted. */
  readonly made: number;
  /** Connections that were open when all calls had their response. */
  readonly open: number;
  readonly perCallMs: number;
}

const { ways, calls, bytes, pool } = workerData as ClientJob;
/** The first calls run before the code is optimized. */
const WARM_UP = 20;

let made = 0;
const content = Buffer.alloc(bytes);
const server = createServer((_req, res) => res.end(content));
server.on('connection', () => {
  made += 1;
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

const agents: Readonly<Record<Connections, () => Agent>> = {
  fresh: () => new Agent({ pipelining: 0 }), // turns keep-alive off
  kept: () => new Agent({ connections: 1 }),
  pooled: () => new Agent({ connections: pool }),
  unread: () => new Agent(), // without a limit, like that of fetch
};

async function run(connections: Connections, many: number): Promise<ClientRun> {
  const agent = agents[connections]();
  made = 0;
  const startedAt = performance.now();
  const numbers = Array(many).keys();
  const lane = async () => {
    for (const _ of numbers) {
      const { body } = await request(origin, { dispatcher: agent });
      if (connections === 'unread') body.on('error', () => undefined);
      else await body.arrayBuffer();
    }
  };
  await Promise.all(Array.from({ length: connections === 'pooled' ? pool : 1 }, lane));
  const perCallMs = (performance.now() - startedAt) / many;
  const open = await countOpen();
  await agent.destroy();
  return { connections, made, open, perCallMs };
}

async function countOpen(): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, 50)); // a connection that is being closed is not open
  return new Promise((resolve, reject) => {
    server.getConnections((error, open) => (error === null ? resolve(open) : reject(error)));
  });
}

const runs: ClientRun[] = [];
for (const way of ways) {
  await run(way, WARM_UP);
  runs.push(await run(way, calls));
}
server.close();
server.closeAllConnections();
parentPort?.postMessage(runs);
