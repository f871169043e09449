import type { Request } from 'express';
import { expect, test } from '@jest/globals';
import { clientKey } from '../../src/http/rate-limit.ts';

const keyOf = (ip: string) => clientKey({ ip } as Request);

test('an IPv4 client is one client, on a dual-stack listener as well', () => {
  expect(keyOf('::ffff:192.0.2.7')).toBe(keyOf('192.0.2.7'));
  expect(keyOf('192.0.2.8')).not.toBe(keyOf('192.0.2.7'));
});

test('all addresses of an IPv6 customer are one client, and those of another are not', () => {
  expect(keyOf('2001:db8:1:2ff::1')).toBe(keyOf('2001:db8:1:200:a:b:c:d'));
  expect(keyOf('2001:db8:1:300::1')).not.toBe(keyOf('2001:db8:1:200::1'));
});
