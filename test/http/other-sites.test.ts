import { expect, test } from '@jest/globals';
import { refuseOtherSites } from '../../src/http/other-sites.ts';

test.each([
  {},
  { 'sec-fetch-site': 'none' },
  { 'sec-fetch-site': 'same-origin', origin: 'https://before.the.proxy' },
  { origin: 'http://here:3000' },
])('%j is from here, or from no page', (headers) => {
  expect(() => refuseOtherSites(headers, 'here:3000')).not.toThrow();
});

test.each([
  { 'sec-fetch-site': 'cross-site' },
  { 'sec-fetch-site': 'same-site', origin: 'http://here:3000' },
  { origin: 'http://elsewhere:3000' },
  { origin: 'http://here:4000' },
  { origin: 'null' },
])('%j is from a page of another site', (headers) => {
  expect(() => refuseOtherSites(headers, 'here:3000')).toThrow('another site');
});
