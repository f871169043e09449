/** Two machines behind the edge, which share a database. */
import { mkdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Edge, hasEdge } from '../../support/edge.ts';
import { findFreePort } from '../../support/free-port.ts';
import { Http2Client } from '../../support/http2-client.ts';
import type { Program } from '../../support/program.ts';
import { DatabaseServer } from '../database-server.ts';
import type { Fault, Finding } from '../fault.ts';
import type { Sandbox } from '../sandbox.ts';

const SKIPPED: Finding = { figure: 'skipped: nginx or openssl is not installed', checks: {} };
const STREAMS = 16;

/** Requests over one HTTP/2 connection: every fourth creates a task with a title of its own. */
class EdgeTraffic {
  sent = 0;
  readonly failedReads: (number | string)[] = [];
  readonly failedWrites: (number | string)[] = [];
  readonly created: string[] = [];
  readonly #client: Http2Client;
  readonly #ended: Promise<unknown>;
  #stopped = false;

  constructor(edge: Edge) {
    this.#client = new Http2Client(edge.url, edge.certificate);
    this.#ended = Promise.all(Array.from({ length: STREAMS }, (_, stream) => this.#repeat(stream)));
  }

  get summary(): string {
    const { failedReads, failedWrites } = this;
    const kinds = [...new Set([...failedReads, ...failedWrites])].map((kind) => ` × ${kind}`).join();
    return `${failedReads.length + failedWrites.length} of ${this.sent} requests failed${kinds}`;
  }

  async untilSent(count: number): Promise<void> {
    while (this.sent < count) await sleep(20);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#ended;
    this.#client[Symbol.dispose]();
  }

  async #repeat(stream: number): Promise<void> {
    for (let round = 0; !this.#stopped; round += 1) {
      this.sent += 1;
      if (round % 4 === 0) await this.#create(`${stream}-${round}`);
      else await this.#send({ path: '/faults/small' }, 200, this.failedReads);
    }
  }

  async #create(title: string): Promise<void> {
    const headers = { 'content-type': 'application/json' };
    const request = { path: '/tasks', method: 'POST', headers, body: JSON.stringify({ title }) };
    if (await this.#send(request, 201, this.failedWrites)) this.created.push(title);
  }

  async #send(
    request: Parameters<Http2Client['send']>[0],
    expected: number,
    failed: (number | string)[],
  ): Promise<boolean> {
    try {
      const { status } = await this.#client.send(request);
      if (status === expected) return true;
      failed.push(status);
    } catch (error) {
      failed.push((error as Error).message);
    }
    return false;
  }
}

async function startTwo(sandbox: Sandbox) {
  const database = await DatabaseServer.start(sandbox);
  const machine = async () => {
    const PORT = String(await findFreePort());
    const env = { PORT, DATABASE_URL: database.url, TRUST_PROXY: 'loopback', SHUTDOWN_SETTLE_MS: '5000' };
    return () => sandbox.start(env);
  };
  const starts = [await machine(), await machine()];
  const programs: Program[] = [];
  for (const start of starts) programs.push(await start());
  const folder = sandbox.path('edge');
  mkdirSync(folder);
  const edge = await Edge.start(
    folder,
    programs.map(({ url }) => url),
  );
  sandbox.use(edge);
  return { database, edge, programs, starts };
}

/** @returns titles with more than one task, and acknowledged ones without any */
async function compareTasks(database: DatabaseServer, created: readonly string[]) {
  const rows = await database.query<{ title: string; count: string }>(
    'select title, count(*) from tasks group by title',
  );
  const titles = new Map(rows.map(({ title, count }) => [title, Number(count)]));
  return {
    twice: [...titles.values()].filter((count) => count > 1).length,
    lost: created.filter((title) => !titles.has(title)).length,
  };
}

export const rollingDeploy: Fault = {
  name: 'edge-rolling-deploy',
  alone: true,
  expects:
    'two machines behind the edge, one after the other stopped and started again under load over HTTP/2: no failed request',
  async run(sandbox) {
    if (!hasEdge) return SKIPPED;
    const { database, edge, programs, starts } = await startTwo(sandbox);
    const traffic = new EdgeTraffic(edge);
    await traffic.untilSent(sandbox.amount(2_000));
    for (const [index, program] of programs.entries()) {
      await program.stop();
      await starts[index]?.();
      await traffic.untilSent(traffic.sent + sandbox.amount(4_000));
    }
    await traffic.stop();
    const { twice, lost } = await compareTasks(database, traffic.created);
    return {
      figure: `${traffic.summary}; ${traffic.created.length} tasks created, ${lost} lost, ${twice} created twice`,
      checks: {
        'no failed request': traffic.failedReads.length + traffic.failedWrites.length === 0,
        'no task lost or created twice': lost + twice === 0,
      },
    };
  },
};

export const machineKilled: Fault = {
  name: 'edge-machine-killed',
  alone: true,
  expects:
    'two machines behind the edge, SIGKILL of one under load over HTTP/2: no failed read; a write fails at most once per stream, and none is done twice',
  async run(sandbox) {
    if (!hasEdge) return SKIPPED;
    const { database, edge, programs, starts } = await startTwo(sandbox);
    const traffic = new EdgeTraffic(edge);
    await traffic.untilSent(sandbox.amount(2_000));
    programs[0]?.killGroup('SIGKILL');
    await programs[0]?.exited;
    await traffic.untilSent(traffic.sent + sandbox.amount(2_000));
    await starts[0]?.();
    await traffic.untilSent(traffic.sent + sandbox.amount(2_000));
    await traffic.stop();
    const { twice, lost } = await compareTasks(database, traffic.created);
    return {
      figure: `${traffic.failedReads.length} reads and ${traffic.failedWrites.length} writes failed; ${traffic.summary}; ${traffic.created.length} tasks created, ${lost} lost, ${twice} created twice`,
      checks: {
        'no failed read': traffic.failedReads.length === 0,
        'at most one failed write per stream': traffic.failedWrites.length <= STREAMS,
        'no task lost or created twice': lost + twice === 0,
      },
    };
  },
};
