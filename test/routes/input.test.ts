import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { defineRoute } from '../../src/routes/route.ts';
import { useTestApp } from '../support/use-test-app.ts';

const number = z.coerce.number({ error: 'must be a number' });
const common = {
  method: 'get',
  title: 'Read a number',
  summary: 'For these tests.',
  response: z.strictObject({ n: z.number() }),
} as const;
const query = defineRoute({
  ...common,
  path: '/query',
  query: z.strictObject({ n: number.default(7) }),
  examples: [{ title: 'Five', query: { n: 5 } }],
  handler: ({ query: { n } }) => ({ n }),
});
const path = defineRoute({
  ...common,
  path: '/path/:n',
  params: z.strictObject({ n: number }),
  examples: [{ title: 'Five', params: { n: 5 } }],
  handler: ({ params: { n } }) => ({ n }),
});
const { client } = await useTestApp({
  features: [{ id: 'in', base: '/in', title: 'Numbers', summary: 'For these tests.', routes: [query, path] }],
});

describe('a number in a query or a path', () => {
  test.each([
    ['5', 5],
    ['-5', -5],
    ['05', 5],
    ['0.25', 0.25],
  ])('can be %s', async (text, n) => {
    expect((await client.get(`/in/query?n=${text}`).expect(200)).body).toEqual({ n });
    expect((await client.get(`/in/path/${text}`).expect(200)).body).toEqual({ n });
  });

  test.each(['0x10', '0b1', '1e1', '%205', '5%20', '%2B5', '5.', '.5', 'Infinity', '%D9%A5', '1'.repeat(16)])(
    'cannot be %s',
    async (text) => {
      const errors = [expect.objectContaining({ name: 'n', message: 'must be a number' })];
      for (const target of [`query?n=${text}`, `path/${text}`]) {
        const response = await client.get(`/in/${target}`).expect(400);
        expect(response.body).toMatchObject({ code: 'invalid-input', errors });
      }
    },
  );

  test('cannot be empty or given more than once, and can be left out', async () => {
    await client.get('/in/query?n=').expect(400);
    const repeated = await client.get('/in/query?n=1&n=2').expect(400);
    expect(repeated.body).toMatchObject({ errors: [{ name: 'n', message: 'is given more than once' }] });
    expect((await client.get('/in/query').expect(200)).body).toEqual({ n: 7 });
  });
});
