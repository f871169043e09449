import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import type { IncomingHttpHeaders } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Edge, hasEdge } from '../support/edge.ts';
import { Http2Client } from '../support/http2-client.ts';
import { Program, until } from '../support/program.ts';

// npm has no nginx to install; .ci/run installs Debian's.
const withEdge = hasEdge ? describe : describe.skip;

withEdge('behind the edge', () => {
  let folder = '';
  let program: Program;
  let edge: Edge;
  let client: Http2Client;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'edge-'));
    program = await Program.start({ TRUST_PROXY: 'loopback' });
    edge = await Edge.start(folder, [program.url]);
    client = new Http2Client(edge.url, edge.certificate);
  });
  afterAll(async () => {
    client[Symbol.dispose]();
    await edge[Symbol.asyncDispose]();
    await program[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  test('the service knows scheme and client, and shares the request id with the log', async () => {
    const headers = { 'x-forwarded-for': '203.0.113.9', 'x-forwarded-proto': 'ftp' };
    const { status, headers: received, text } = await client.send({ path: '/demos/http/anything', headers });
    const { result } = JSON.parse(text) as { result: { from: string; headers: Record<string, string> } };
    expect(status).toBe(200);
    expect(result.from).toBe('127.0.0.1'); // what the client claimed is replaced
    expect(result.headers).toMatchObject({
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-proto': 'https',
      'x-forwarded-host': new URL(edge.url).host,
    });
    const requestId = String(received['x-request-id']);
    expect(result.headers['x-request-id']).toBe(requestId);
    await until('its log line', () => program.lines.find((line) => line['requestId'] === requestId));
  });

  test('an event arrives before the response ends', async () => {
    const stream = client.request({ ':path': '/demos/streams/events?events=5&everyMs=200' });
    stream.setEncoding('utf8');
    const [first] = (await once(stream, 'data')) as [string];
    expect(first).toContain('event: tick');
    expect(first).not.toContain('goodbye');
    let rest = '';
    for await (const part of stream) rest += String(part);
    expect(rest).toContain('goodbye');
  });

  test('an upload reaches the service before the client has sent all of it', async () => {
    const inFlight = async () =>
      (await program.workers()).reduce((sum, { report }) => sum + (report?.requests.inFlight ?? 0), 0);
    const stream = client.request(
      { ':path': '/demos/streams/upload', ':method': 'POST', 'content-type': 'application/octet-stream' },
      { hasBody: true },
    );
    stream.write(Buffer.alloc(100_000, 'x'));
    await until('the request in the service', async () => ((await inFlight()) > 0 ? true : undefined));
    stream.end(Buffer.alloc(100_000, 'x'));
    const [headers] = (await once(stream, 'response')) as [IncomingHttpHeaders & { ':status'?: number }];
    expect(headers[':status']).toBe(200);
    stream.resume();
    await once(stream, 'end');
  });

  test('errors are the problems of the service, with their limits', async () => {
    const { status, headers } = await client.send({
      path: '/tasks',
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ title: 'x'.repeat(200_000) }),
    });
    expect({ status, type: headers['content-type'] }).toEqual({
      status: 413,
      type: expect.stringMatching(/^application\/problem\+json/),
    });
  });

  test('a reload loses no request', async () => {
    let [done, failed] = [0, 0];
    let reloaded = false;
    const load = Array.from({ length: 8 }, async () => {
      while (!reloaded || done < 500) {
        const { status } = await client.send({ path: '/livez' });
        done += 1;
        if (status !== 200) failed += 1;
      }
    });
    const { ok } = (await (await fetch(`${program.managementUrl}/reload`, { method: 'POST' })).json()) as {
      ok: boolean;
    };
    reloaded = true;
    await Promise.all(load);
    expect({ ok, failed }).toEqual({ ok: true, failed: 0 });
  });
});
