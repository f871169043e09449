import type { Request } from 'express';
import { expect, test } from '@jest/globals';
import { clientAddress } from '../../src/layers/client-address.ts';

test.each([
  ['9.9.9.9', '9.9.9.9'],
  ['2001:db8::1', '2001:db8::1'],
  ['9.9.9.9:5678', '9.9.9.9'],
  ['[2001:db8::1]:443', '2001:db8::1'],
  ['[2001:db8::1]', '2001:db8::1'],
  ['unknown', '127.0.0.1'],
  ['"><script>:80', '127.0.0.1'],
  ['x'.repeat(10_000), '127.0.0.1'],
])('the client address of %.40s is %s', (ip, address) => {
  const req = { ip, socket: { remoteAddress: '127.0.0.1' } } as unknown as Request;
  expect(clientAddress(req)).toBe(address);
});
