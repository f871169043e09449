import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from '@jest/globals';
import { requestInFlight } from '../support/metrics.ts';
import { startProbe } from '../support/start-probe.ts';

describe('with WORKERS=0', () => {
  test('reports its own rate-limit count to each of several pipelined requests', async () => {
    await using program = await startProbe({ WORKERS: '0', RATE_LIMIT_MAX: '5' });
    const { hostname, port } = new URL(program.url);
    const socket = connect(Number(port), hostname);
    const request = (header: string) => `GET /probe/quick HTTP/1.1\r\nHost: x\r\n${header}\r\n`;
    // The client does not end its side of the connection: that would count as a disconnect.
    socket.write(request('').repeat(6) + request('Connection: close\r\n'));
    const responses = await text(socket);
    const remaining = responses.match(/(?<=^RateLimit: "client"; r=)\d+/gim)?.map(Number);
    expect(remaining).toEqual([4, 3, 2, 1, 0, 0, 0]);
  });

  test('completes its requests after an uncaught exception and exits with code 80', async () => {
    await using program = await startProbe({ WORKERS: '0' });
    const slow = program.get('/probe/slow');
    await requestInFlight(program);
    await program.get('/probe/uncaught-exception', { method: 'POST' });
    expect((await slow).status).toBe(200);
    expect((await program.exited).code).toBe(80);
  });
});
