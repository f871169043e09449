import { once } from 'node:events';
import { request, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer, json } from 'node:stream/consumers';
import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import type { Feature } from '../../src/routes/feature.ts';
import { defineRoute, type Route } from '../../src/routes/route.ts';
import { createTestApp } from '../support/app.ts';
import { useTestApp } from '../support/use-test-app.ts';

const csv = defineRoute({
  method: 'post',
  path: '/csv',
  title: 'Import a table',
  summary: 'Counts the bytes of a body.',
  body: { mediaType: 'text/csv', maxBytes: 10, description: 'A table' },
  response: z.strictObject({ bytes: z.number() }),
  examples: [{ title: 'A table' }],
  handler: async ({ body }) => ({ bytes: (await buffer(body)).length }),
});
const anyBody = { mediaType: 'application/octet-stream', maxBytes: 10, description: 'Bytes' };
const bytes = { ...csv, path: '/bytes', title: 'Import bytes', body: anyBody };

const featureOf = (...routes: Route[]): Feature => ({
  id: 'import',
  base: '/import',
  title: 'Import',
  summary: 'Reads bodies as they arrive.',
  guard: 'public',
  routes,
});
const service = await useTestApp({ features: [featureOf(csv, bytes)] });

/** Sends a chunked body without an implicit Content-Type. */
async function send(path: string, headers: OutgoingHttpHeaders, ...chunks: string[]) {
  const server = service.app.listen(0);
  const { port } = server.address() as AddressInfo;
  const req = request({ port, method: 'POST', path, headers });
  for (const chunk of chunks) req.write(chunk);
  req.end();
  const [response] = (await once(req, 'response')) as [IncomingMessage];
  const body: unknown = await json(response);
  server.close();
  return { response, body };
}

describe('a streamed body', () => {
  test.each([
    ['/import/csv', { 'Content-Type': 'text/csv; charset=utf-8' }],
    ['/import/bytes', {}],
  ])('is accepted by %s with the headers %j', async (path, headers) => {
    const { response, body } = await send(path, headers, '12345');
    expect(response.statusCode).toBe(200);
    expect(body).toEqual({ bytes: 5 });
  });

  test.each([{ 'Content-Type': 'text/plain' }, {}])(
    'is rejected by /import/csv with 415 with the headers %j',
    async (headers) => {
      const { response } = await send('/import/csv', headers, '12345');
      expect(response.statusCode).toBe(415);
      expect(response.headers.accept).toBe('text/csv');
    },
  );

  test('is rejected before its handler runs if its Content-Length is over the limit', async () => {
    let ran = false;
    const handler = () => (ran = true);
    await using other = await createTestApp({ features: [featureOf({ ...csv, handler })] });
    const post = other.client.post('/import/csv').type('text/csv');
    const { text, headers } = await post.send('12345678901').expect(413);
    expect(text).toContain('body-too-large');
    expect(headers['connection']).toBe('close');
    expect(ran).toBe(false);
  });

  test('is not read beyond its limit', async () => {
    const { body } = await send('/import/csv', { 'Content-Type': 'text/csv' }, '123456', '78901');
    expect(body).toMatchObject({ code: 'body-too-large' });
  });

  test('appears in OpenAPI with its type and its limit', async () => {
    const response = await service.client.get('/openapi.json');
    expect(response.body).toHaveProperty(['paths', '/import/csv', 'post', 'requestBody'], {
      description: 'A table, at most 10 bytes',
      content: { 'text/csv': { schema: { type: 'string', format: 'binary' } } },
    });
  });
});
