/** A server on a free port, and clients that send raw bytes to it. */
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { z } from 'zod';
import { readConfig } from '../../src/config/config.ts';
import { InFlight } from '../../src/http/in-flight.ts';
import { HttpServer } from '../../src/http/server.ts';
import type { Feature } from '../../src/routes/feature.ts';
import { defineRoute } from '../../src/routes/route.ts';
import { createTestApp } from '../support/app.ts';
import { testEnvironment } from '../support/environment.ts';
import { probe } from '../support/probe-features.ts';
import { until } from '../support/program.ts';

const reader: Feature = {
  id: 'reader',
  base: '/reader',
  title: 'Reader',
  summary: 'Reads bodies.',
  guard: 'public',
  routes: [
    defineRoute({
      method: 'post',
      path: '/json',
      title: 'Read JSON',
      summary: 'Reads a JSON body.',
      body: z.object({}),
      response: z.object({}),
      examples: [{ title: 'Empty object', body: {} }],
      handler: () => ({}),
    }),
    defineRoute({
      method: 'post',
      path: '/forward',
      title: 'Forward',
      summary: 'Sends requests to other services, as the trace-context suite asks.',
      body: z.array(z.object({ url: z.url(), arguments: z.array(z.unknown()) })),
      response: z.strictObject({ sent: z.int() }),
      examples: [{ title: 'None', body: [] }],
      async handler(call) {
        for (const { url, arguments: next } of call.body) {
          const headers = { 'Content-Type': 'application/json', ...call.traceHeaders() };
          await fetch(url, { method: 'POST', headers, body: JSON.stringify(next), signal: call.signal });
        }
        return { sent: call.body.length };
      },
    }),
    defineRoute({
      method: 'post',
      path: '/echo',
      title: 'Echo',
      summary: 'Sends a body back as it arrives.',
      body: { mediaType: '*/*', maxBytes: 1_000_000, description: 'Any bytes' },
      response: { mediaType: 'text/plain', description: 'The same bytes' },
      examples: [{ title: 'Without a body' }],
      async handler({ req, res }) {
        res.set('Cache-Control', 'no-transform');
        for await (const chunk of req) res.write(chunk);
        res.end();
      },
    }),
  ],
};

/** The bytes of a request. */
export function request(
  line: string,
  headers: Readonly<Record<string, string | number>> = {},
  body = '',
): string {
  const fields = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  return [`${line} HTTP/1.1`, 'Host: x', ...fields, '', body].join('\r\n');
}

/** A POST request with a JSON body, or the beginning of one. */
export function postJson(headers: Readonly<Record<string, string | number>>, body?: string): string {
  return request('POST /reader/json', { 'Content-Type': 'application/json', ...headers }, body);
}

/** The statuses of all responses on a connection. */
export function statusesIn(received: string): string[] {
  return received.match(/(?<=HTTP\/1.1 )\d+/g) ?? [];
}

export async function createTestServer(env: Readonly<Record<string, string>> = {}) {
  const inFlight = new InFlight();
  const service = await createTestApp({ features: [probe, reader], inFlight });
  const { app, metrics } = service;
  const logged: Record<string, unknown>[] = [];
  const log = pino({}, { write: (line: string) => logged.push(JSON.parse(line) as Record<string, unknown>) });
  const config = readConfig({
    ...testEnvironment,
    PORT: '0',
    SHUTDOWN_SETTLE_MS: '0',
    TRUST_PROXY: 'loopback',
    ...env,
  });
  const server = new HttpServer({ config, clustered: false, app, inFlight, log, metrics });
  const { hostname, port } = new URL(await server.listen());
  const open = (allowHalfOpen = false): Socket =>
    connect({ port: Number(port), host: hostname, allowHalfOpen }).setNoDelay();
  return {
    inFlight,
    port: Number(port),
    /** Log lines of the server itself. */
    logged,
    /** Access log lines. */
    requestLines: () => service.logged.filter(({ event }) => event === 'request'),
    renderMetrics: () => metrics.registry.metrics(),
    /** @param allowHalfOpen keeps the client's write side open after the server has ended its own */
    connect: open,
    /** Sends packets one after another on a new connection. @returns everything received until the connection ends */
    async send(...packets: readonly string[]): Promise<string> {
      const socket = open();
      const received = text(socket);
      for (const packet of packets) {
        socket.write(packet);
        await sleep(20);
      }
      return received;
    },
    connectionsRefused: () => server.connectionsRefused,
    /** Waits until the server has this many connections. */
    connections: (count: number) =>
      until(`${count} connections`, () => server.connections === count || undefined),
    /** Waits until this many requests are in flight. */
    requests: (count: number) =>
      until(`${count} requests in flight`, () => inFlight.size === count || undefined),
    /** Waits for all requests, unless the deadline passes before. */
    drain: (keepListening: boolean, deadline = new AbortController().signal) =>
      server.drain({ keepListening }, deadline),
    async [Symbol.asyncDispose]() {
      await server.drain({ keepListening: false }, AbortSignal.abort());
      await service[Symbol.asyncDispose]();
    },
  };
}

export type TestServer = Awaited<ReturnType<typeof createTestServer>>;
