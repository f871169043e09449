import { expect, test } from '@jest/globals';
import { z } from 'zod';
import { defineRoute } from '../../src/routes/route.ts';
import { useTestApp } from '../support/use-test-app.ts';

const common = {
  method: 'get',
  title: 'Read',
  summary: 'For these tests.',
  response: z.strictObject({ n: z.number() }),
  examples: [{ title: 'Read' }],
  handler: () => ({ n: 1 }),
} as const;
const { client } = await useTestApp({
  features: [
    {
      id: 'types',
      base: '/types',
      title: 'Types',
      summary: 'For these tests.',
      guard: 'public',
      routes: [
        defineRoute({ ...common, path: '/one' }),
        defineRoute({ ...common, path: '/two', produces: ['application/json', 'text/csv'] }),
      ],
    },
  ],
});

test.each([
  ['application/json', 200],
  ['application/json; charset=utf-8', 200],
  ['application/json;charset="utf-8";q=0.5', 200],
  ['application/json ; version=1', 200],
  ['application/*', 200],
  ['text/html, */*;q=0.1', 200],
  ['text/html;level="1,2", application/json;q=1.000', 200],
  ['application/json;profile=x;q=0, application/json', 200],
  ['text/html', 406],
  ['application/json;q=0', 406],
  ['application/json;q=0, */*', 406],
  ['text/html;charset=utf-8', 406],
  ['*/*;q=0', 406],
  ['', 200],
])('a route that responds with JSON has for Accept: %s the status %i', async (accept, status) => {
  await client.get('/types/one').set('Accept', accept).expect(status);
});

test('a response that depends on Accept says so, and so does its refusal', async () => {
  await client
    .get('/types/two')
    .expect(200)
    .expect('Vary', /Accept(,|$)/);
  await client
    .get('/types/two')
    .set('Accept', 'a/b')
    .expect(406)
    .expect('Vary', /Accept(,|$)/);
  expect((await client.get('/types/one')).headers['vary']).toBe('Accept-Encoding');
});
