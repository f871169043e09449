import { expect, test } from '@jest/globals';
import { createTestApp } from '../support/app.ts';
import { useTestApp } from '../support/use-test-app.ts';
import { probe } from './probe-feature.ts';

const service = await useTestApp({ features: [probe] });

test.each(['/probe/small', '/nowhere', '/livez'])('sets a strict policy on %s', async (path) => {
  const { headers } = await service.client.get(path);
  const policy = String(headers['content-security-policy']);
  expect(policy).toContain("default-src 'self'");
  expect(policy).not.toContain('unsafe-inline');
  expect(policy).not.toContain('upgrade-insecure-requests');
  expect(headers['x-content-type-options']).toBe('nosniff');
  expect(headers['x-powered-by']).toBeUndefined();
  expect(headers['strict-transport-security']).toBeUndefined();
});

test('trusts forwarding headers from trusted networks only', async () => {
  const forwarded = { 'X-Forwarded-For': '203.0.113.7', 'X-Forwarded-Proto': 'https' };
  const direct = await service.client.get('/probe/address').set(forwarded);
  expect(direct.body).toMatchObject({ secure: false });
  expect((direct.body as { ip: string }).ip).not.toBe('203.0.113.7');

  await using trusting = await createTestApp({ features: [probe], env: { TRUST_PROXY: 'loopback' } });
  const behind = await trusting.client.get('/probe/address').set(forwarded);
  expect(behind.body).toEqual({ ip: '203.0.113.7', secure: true });
  expect(behind.headers['strict-transport-security']).toContain('max-age=');
});
