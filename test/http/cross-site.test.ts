import { expect, test } from '@jest/globals';
import { rejectCrossSite } from '../../src/http/cross-site.ts';

test.each([
  {},
  { 'sec-fetch-site': 'none' },
  { 'sec-fetch-site': 'same-origin', origin: 'https://public.example' },
  { origin: 'http://here:3000' },
])('rejectCrossSite() accepts a request with the headers %j', (headers) => {
  expect(() => rejectCrossSite(headers, 'here:3000')).not.toThrow();
});

test.each([
  { 'sec-fetch-site': 'cross-site' },
  { 'sec-fetch-site': 'same-site', origin: 'http://here:3000' },
  { origin: 'http://elsewhere:3000' },
  { origin: 'http://here:4000' },
  { origin: 'null' },
])('rejectCrossSite() rejects a request with the headers %j', (headers) => {
  expect(() => rejectCrossSite(headers, 'here:3000')).toThrow('Cross-site');
});
