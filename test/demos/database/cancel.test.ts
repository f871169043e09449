import { expect, test } from '@jest/globals';
import { useTestApp } from '../../support/use-test-app.ts';

interface Way {
  readonly stateAfterDisconnect: string;
  readonly ranOnMs: number;
  readonly ended: string;
}

const service = await useTestApp();

test('an abandoned query is canceled on the server with a signal, and runs on without one', async () => {
  const response = await service.client.get('/demos/database/cancel').expect(200);
  const { ignored, canceled } = (response.body as { result: { ignored: Way; canceled: Way } }).result;

  expect(ignored.stateAfterDisconnect).toBe('active');
  expect(ignored.ended).not.toBe('canceled');
  expect(canceled.ended).toBe('canceled');
  expect(canceled.ranOnMs).toBeLessThan(ignored.ranOnMs / 2);
});
