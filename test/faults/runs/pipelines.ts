/** Clients that send many requests before they read a response. */
import { text as readText } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { median } from '../../../src/shared/statistics.ts';
import { until, type Program } from '../../support/program.ts';
import type { Fault } from '../fault.ts';
import { readGauge } from '../gauge.ts';
import { connectTo } from '../raw.ts';
import { send } from '../traffic.ts';
import { reload } from './reload.ts';

const CONNECTIONS = 20;
const REQUESTS = 20_000;
const MAX_IN_FLIGHT = 200;
/** A packet of 64 KB has more than a thousand requests, which are parsed at once; garbage included. */
const MAX_MB = 30;
/** Of what a probe waits next to the pipelines, against what it waits without them. */
const MAX_FACTOR = 5;

async function measureProbes(program: Program, count: number): Promise<number> {
  const waits: number[] = [];
  for (let i = 0; i < count; i += 1) {
    const startedAt = performance.now();
    await send({ url: `${program.url}/livez` });
    waits.push(performance.now() - startedAt);
  }
  return median(waits);
}

async function residentMb(program: Program): Promise<number> {
  const workers = await program.readyWorkers(2);
  return workers.reduce((sum, { report }) => sum + (report?.vitals.rssBytes ?? 0) / 1024 / 1024, 0);
}

export const unreadPipelines: Fault = {
  name: 'unread-pipelines',
  alone: true,
  expects:
    '20 connections with 20,000 pipelined requests each for large responses that are not read: in flight and memory bounded; other requests served',
  async run(sandbox) {
    const program = await sandbox.start({ MAX_REQUESTS_IN_FLIGHT: String(MAX_IN_FLIGHT) });
    const traffic = sandbox.startTraffic(program);
    await traffic.untilSent(sandbox.amount(2_000));
    const probes = sandbox.amount(100);
    const beforeMs = await measureProbes(program, probes);
    const beforeMb = await residentMb(program);
    const pipeline = 'GET /faults/large?n=512 HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(REQUESTS);
    const sockets = Array.from({ length: CONNECTIONS }, () => connectTo(program).pause());
    for (const socket of sockets) socket.write(pipeline);
    await sleep(1_000); // while this process writes, it would delay its own probes
    const busyMs = await measureProbes(program, probes);
    const inFlight = (await readGauge(program, 'http_requests_in_flight')) ?? Number.NaN;
    const afterMb = await residentMb(program);
    const perConnection = (afterMb - beforeMb) / CONNECTIONS;
    for (const socket of sockets) socket.destroy();
    const quietMs = Math.max(beforeMs, await measureProbes(program, probes)); // the machine may have become busy
    await traffic.stop();
    return {
      figure: `${inFlight} in flight (limit ${MAX_IN_FLIGHT} per worker); ${perConnection.toFixed(1)} MB per connection; a probe waits ${busyMs.toFixed(1)} ms, ${quietMs.toFixed(1)} ms without the pipelines; others: ${traffic.summary}`,
      checks: {
        'at most one in flight per connection': inFlight <= 2 * CONNECTIONS,
        'memory per connection bounded': perConnection < MAX_MB,
        'probes not delayed': busyMs < MAX_FACTOR * quietMs,
        'no other failed request': traffic.failed === 0,
      },
    };
  },
};

/** A request in a pipeline, which only its own response names. */
function numbered(number: number): string {
  const body = JSON.stringify({ name: `n${number}`, size: number });
  return number % 2 === 0
    ? `GET /faults/echo?n=${number} HTTP/1.1\r\nHost: x\r\n\r\n`
    : `POST /faults/json HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}

interface Pipeline {
  readonly sent: number;
  readonly answered: number;
  /** Whether each response is that of its request, in order, and the last one is complete. */
  readonly inOrder: boolean;
}

/** Sends a pipeline on a connection of its own, and reads until that closes. */
async function sendPipeline(program: Program, requests: number, id: string): Promise<Pipeline> {
  const socket = connectTo(program);
  const received = readText(socket).catch(() => undefined);
  for (let number = 0; number < requests && socket.writable; number += 1) {
    socket.write(numbered(number).replace('Host: x\r\n', `Host: x\r\nX-Request-Id: ${id}.${number}\r\n`));
    if (number % 50 === 49) await sleep(5);
  }
  if (socket.writable) socket.write('GET /faults/small HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  const all = await received;
  const bodies = (all ?? '').match(/(?<=\r\n\r\n)\{.*?\}/g) ?? [];
  const numbers = bodies.map((body) => {
    const { n, name } = JSON.parse(body) as { n?: number; name?: string };
    return n ?? Number(name?.slice(1));
  });
  if (Number.isNaN(numbers.at(-1))) numbers.pop(); // the response that closes a whole pipeline
  const heads = (all ?? '').match(/HTTP\/1\.1 200 /g)?.length ?? 0;
  const inOrder = all !== undefined && heads === bodies.length && numbers.every((n, index) => n === index);
  return { sent: requests, answered: numbers.length, inOrder };
}

export const pipelinesDuringReloads: Fault = {
  name: 'pipelines-during-reloads',
  expects:
    'pipelined requests, POST among them, during reloads: responses complete and in order until the connection closes; nothing accepted without a response',
  async run(sandbox) {
    const program = await sandbox.start();
    const pipelines: Pipeline[] = [];
    let stopped = false;
    const clients = Array.from({ length: 10 }, async (_, client) => {
      for (let round = 0; !stopped; round += 1) {
        pipelines.push(await sendPipeline(program, 200, `${client}.${round}`));
      }
    });
    const rounds = sandbox.short ? 1 : 3;
    for (let round = 0; round < rounds; round += 1) {
      await sleep(500);
      await reload(program);
    }
    stopped = true;
    await Promise.all(clients);
    const answered = pipelines.reduce((sum, pipeline) => sum + pipeline.answered, 0);
    const ids = () =>
      program.lines
        .filter(({ event, path }) => event === 'request' && path !== '/faults/small')
        .map(({ requestId }) => requestId);
    await until('the access log', () => (ids().length >= answered ? true : undefined), 5_000).catch(
      () => undefined,
    );
    const accepted = ids();
    const closed = pipelines.filter(({ sent, answered: count }) => count < sent).length;
    const disordered = pipelines.filter(({ inOrder }) => !inOrder).length;
    return {
      figure: `${pipelines.length} pipelines, ${closed} closed early by ${rounds} reloads, ${disordered} out of order; ${accepted.length} requests accepted, ${new Set(accepted).size} of them once, ${answered} answered`,
      checks: {
        'every response complete and in order': disordered === 0 && answered > 0,
        'every accepted request answered': accepted.length === answered,
        'none accepted twice': new Set(accepted).size === accepted.length,
      },
    };
  },
};
