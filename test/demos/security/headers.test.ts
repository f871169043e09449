import { expect, test } from '@jest/globals';
import { useTestApp } from '../../support/use-test-app.ts';

const service = await useTestApp();

test('security/headers lists only headers that were sent, none of which a bare server sends', async () => {
  const response = await service.client.get('/demos/security/headers').expect(200);
  const { result } = response.body as {
    result: { sent: number; sentByBareServer: number; headers: { header: string; value: string }[] };
  };

  expect(result.sent).toBeGreaterThan(8);
  expect(result.sentByBareServer).toBe(0);
  for (const { header, value } of result.headers) expect(response.get(header)).toBe(value);
});
