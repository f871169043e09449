import type { Socket } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { rejectForeign } from '../../src/http/foreign-request.ts';

/** A request to an address of this machine. */
const to = (localAddress: string, headers: Readonly<Record<string, string>>) => ({
  headers,
  socket: { localAddress } as Socket,
});

test.each([
  {},
  { 'sec-fetch-site': 'none' },
  { 'sec-fetch-site': 'same-origin', origin: 'https://public.example' },
  { origin: 'http://here:3000' },
])('rejectForeign() accepts a request with the headers %j', (headers) => {
  expect(() => rejectForeign(to('10.0.0.1', headers), 'here:3000')).not.toThrow();
});

test.each([
  { 'sec-fetch-site': 'cross-site' },
  { 'sec-fetch-site': 'same-site', origin: 'http://here:3000' },
  { origin: 'http://elsewhere:3000' },
  { origin: 'http://here:4000' },
  { origin: 'null' },
])('rejectForeign() rejects a request with the headers %j', (headers) => {
  expect(() => rejectForeign(to('10.0.0.1', headers), 'here:3000')).toThrow('Cross-site');
});

describe.each(['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1'])('on the address %s', (address) => {
  test.each(['localhost', 'localhost:3000', 'app.localhost', '127.0.0.1:3000', '[::1]:3000'])(
    'rejectForeign() accepts the host %s',
    (host) => {
      expect(() => rejectForeign(to(address, { host, origin: `http://${host}` }), host)).not.toThrow();
    },
  );

  test.each([
    'evil.example',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    '10.0.0.1',
    'evillocalhost',
  ])('rejectForeign() rejects the host %s, unless a trusted proxy sent it', (host) => {
    const request = to(address, { host, origin: `http://${host}` });
    expect(() => rejectForeign(request, host)).toThrow('localhost');
    expect(() => rejectForeign(request, host, true)).not.toThrow();
  });
});
