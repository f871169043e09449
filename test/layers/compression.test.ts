import { expect, test } from '@jest/globals';
import { useTestApp } from '../support/use-test-app.ts';
import { probe } from './probe-feature.ts';

const service = await useTestApp({ features: [probe] });

test.each(['br', 'gzip', 'deflate'])('compresses a large response with %s', async (encoding) => {
  const response = await service.client.get('/probe/large').set('Accept-Encoding', encoding);
  expect(response.headers['content-encoding']).toBe(encoding);
  expect(response.headers['vary']).toContain('Accept-Encoding');
});

test.each([
  ['does not compress a response with a strong entity tag', '"1"', undefined],
  ['compresses a response with a weak entity tag', 'W/"1"', 'gzip'],
])('%s', async (_what, tag, encoding) => {
  const response = await service.client
    .get('/probe/tagged')
    .query({ tag })
    .set('Accept-Encoding', 'gzip')
    .expect('ETag', tag);
  expect(response.headers['content-encoding']).toBe(encoding);
});

test('does not compress a small response', async () => {
  const response = await service.client.get('/probe/small').set('Accept-Encoding', 'gzip');
  expect(response.headers['content-encoding']).toBeUndefined();
});
