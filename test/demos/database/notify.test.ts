import { expect, test } from '@jest/globals';
import { useTestApp } from '../../support/use-test-app.ts';

interface Way {
  readonly received: number;
  readonly meanLatencyMs: number;
  readonly statements: number;
}

interface Notify {
  readonly result: {
    readonly polling: Way;
    readonly listening: Way;
    readonly rolledBack: number;
    readonly rolledBackReceived: number;
  };
}

const service = await useTestApp();

test('notifications arrive sooner than polls find the rows, and those of rolled-back transactions never', async () => {
  const response = await service.client.get('/demos/database/notify?messages=10&poll=300').expect(200);
  const { polling, listening, rolledBack, rolledBackReceived } = (response.body as Notify).result;

  expect(polling.received).toBe(10);
  expect(listening.received).toBe(10);
  expect(listening.meanLatencyMs).toBeLessThan(polling.meanLatencyMs / 2);
  expect(polling.statements).toBeGreaterThan(listening.statements);
  expect({ rolledBack, rolledBackReceived }).toEqual({ rolledBack: 10, rolledBackReceived: 0 });
});
