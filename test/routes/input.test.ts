import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { defineRoute } from '../../src/routes/route.ts';
import { textOf } from '../../src/shared/text.ts';
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
const loose = defineRoute({
  ...common,
  path: '/loose',
  query: z.object({ n: z.union([z.string(), z.array(z.string())]).optional() }),
  examples: [{ title: 'One', query: { n: 1 } }],
  handler: () => ({ n: 1 }),
});
const none = defineRoute({
  ...common,
  path: '/none',
  examples: [{ title: 'Nothing' }],
  handler: () => ({ n: 1 }),
});
const body = defineRoute({
  ...common,
  method: 'post',
  path: '/body',
  body: z.strictObject({ text: textOf(1, 4) }),
  examples: [{ title: 'A text', body: { text: 'a' } }],
  handler: () => ({ n: 1 }),
});
const { client } = await useTestApp({
  features: [
    {
      id: 'in',
      base: '/in',
      title: 'Numbers',
      summary: 'For these tests.',
      guard: 'public',
      routes: [query, path, loose, none, body],
    },
  ],
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

describe('a query', () => {
  test.each([
    ['/in/loose?n=1', 200],
    ['/in/loose?n=1&other=2', 400],
    ['/in/none', 200],
    ['/in/none?', 200],
    ['/in/none?other', 400],
    ['/in/loose?constructor=1', 400],
    ['/in/loose?__proto__=1', 400],
    ['/problems?other=1', 400],
    ['/openapi.json?other=1', 400],
    ['/?other=1', 400],
    ['/livez?from=balancer', 200],
    ['/in/query?n=%ff', 400],
    ['/in/query?n=%', 400],
    ['/in/query?%c3%28=1', 400],
    [`/in/query?${'a&'.repeat(1_100)}n=x`, 400],
  ])('of %s has the status %i', async (target, status) => {
    await client.get(target).expect(status);
  });

  test('has no limit beyond which parameters are ignored', async () => {
    const response = await client.get(`/in/loose?${'n&'.repeat(1_100)}last=1`).expect(400);
    expect(response.body).toMatchObject({
      errors: expect.arrayContaining([expect.objectContaining({ name: 'last' })]),
    });
  });
});

describe('a JSON body', () => {
  const send = (bytes: Buffer, type = 'application/json') =>
    client
      .post('/in/body')
      .set('Content-Type', type)
      .serialize(() => bytes as never)
      .send(bytes as never);

  test.each([
    ['a byte that begins nothing', [0xff]],
    ['half a character', [0xc3]],
    ['half a surrogate pair', [0xed, 0xa0, 0x80]],
    ['an overlong character', [0xc0, 0xaf]],
  ])('with %s is rejected', async (_what, bytes) => {
    const body = Buffer.concat([Buffer.from('{"text":"a'), Buffer.from(bytes), Buffer.from('"}')]);
    const response = await send(body).expect(400);
    expect(response.body).toMatchObject({ code: 'malformed-json' });
  });

  test.each([
    ['application/json; charset=utf-8', 200],
    ['application/json;charset="UTF-8"', 200],
    ['application/json; charset=utf8', 415],
    ['application/json; charset=utf-7', 415],
    ['application/json; charset=utf-16', 415],
    ['application/json; charset=latin1', 415],
  ])('of the type %s has the status %i', async (type, status) => {
    await send(Buffer.from('{"text":"a"}'), type).expect(status);
  });

  test.each([
    ['ab', 200],
    ['  ', 200],
    ['\u{1f338}'.repeat(4), 200],
    ['\u{1f338}'.repeat(5), 400],
    ['', 400],
    ['\ud83c', 400],
    ['a\u0000', 200],
  ])('with the text %j has the status %i', async (text, status) => {
    await client.post('/in/body').send({ text }).expect(status);
  });

  test('in an unsupported coding is rejected with 415 and the supported ones', async () => {
    const response = await client
      .post('/in/body')
      .set('Content-Encoding', 'compress')
      .send({ text: 'a' })
      .expect(415);
    expect(response.headers['accept-encoding']).toBe('gzip, deflate, br, identity');
  });
});
