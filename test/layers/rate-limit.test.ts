import { once } from 'node:events';
import { connect, type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from '@jest/globals';
import type { Request } from 'express';
import { InFlight } from '../../src/http/in-flight.ts';
import { clientKey } from '../../src/rate-limit/client-key.ts';
import { createTestApp } from '../support/app.ts';
import { probe } from './probe-feature.ts';

describe('rate limit', () => {
  test('rejects requests over the limit with 429 and Retry-After, but never probes', async () => {
    await using limited = await createTestApp({ features: [probe], env: { RATE_LIMIT_MAX: '3' } });
    for (let i = 0; i < 3; i += 1) await limited.client.get('/probe/small').expect(200);
    const rejected = await limited.client.get('/probe/small');
    expect(rejected.status).toBe(429);
    expect(rejected.body).toMatchObject({ code: 'rate-limited' });
    expect(Number(rejected.headers['retry-after'])).toBeGreaterThan(0);
    expect(rejected.headers['ratelimit']).toMatch(/^"client"; r=0; t=\d+$/);
    expect(rejected.headers['ratelimit-policy']).toContain('q=3');
    for (const path of ['/livez', '/livez/', '/LIVEZ', '/readyz', '/Readyz/']) {
      await limited.client.get(path).expect(200);
    }
    await limited.client.get('/readyz').expect(200);
  });

  test('counts requests that are shed, too', async () => {
    const inFlight = Object.assign(new InFlight(), { add: () => undefined });
    Object.defineProperty(inFlight, 'size', { value: 11 });
    const env = { RATE_LIMIT_MAX: '1', MAX_REQUESTS_IN_FLIGHT: '10' };
    await using limited = await createTestApp({ features: [probe], inFlight, env });
    await limited.client.get('/probe/small').expect(503);
    await limited.client.get('/probe/small').expect(429);
  });

  test('ignores the port in a forwarded address, and so does the log', async () => {
    const env = { RATE_LIMIT_MAX: '2', TRUST_PROXY: 'loopback' };
    await using limited = await createTestApp({ features: [probe], env });
    const get = (address: string) => limited.client.get('/probe/small').set('X-Forwarded-For', address);
    await get('203.0.113.7:1').expect(200);
    await get('203.0.113.7:2').expect(200);
    await get('203.0.113.7:3').expect(429);
    await get('203.0.113.8:3').expect(200);
    const addresses = limited.logged.filter(({ event }) => event === 'request').map(({ ip }) => ip);
    expect(addresses).toEqual([...Array<string>(3).fill('203.0.113.7'), '203.0.113.8']);
  });

  test('gives each of several pipelined requests its own count', async () => {
    await using limited = await createTestApp({ features: [probe], env: { RATE_LIMIT_MAX: '3' } });
    const server = limited.app.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    const request = (last: boolean) =>
      `GET /probe/small HTTP/1.1\r\nHost: a\r\n${last ? 'Connection: close\r\n' : ''}\r\n`;
    socket.write(request(false).repeat(3) + request(true));
    const responses = await text(socket);
    server.close();
    expect(responses.match(/(?<=HTTP\/1.1 )\d+/g)).toEqual(['200', '200', '200', '429']);
  });
});

describe('the key of a client', () => {
  const keyOf = (ip: string) => clientKey({ ip } as Request);

  test('is the same for an IPv4 address on a dual-stack listener', () => {
    expect(keyOf('::ffff:192.0.2.7')).toBe(keyOf('192.0.2.7'));
    expect(keyOf('192.0.2.8')).not.toBe(keyOf('192.0.2.7'));
  });

  test('is the same for all addresses of an IPv6 /56', () => {
    expect(keyOf('2001:db8:1:2ff::1')).toBe(keyOf('2001:db8:1:200:a:b:c:d'));
    expect(keyOf('2001:db8:1:300::1')).not.toBe(keyOf('2001:db8:1:200::1'));
  });
});
