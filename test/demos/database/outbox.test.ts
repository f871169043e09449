import { expect, test } from '@jest/globals';
import { useTestApp } from '../../support/use-test-app.ts';
import { run } from './evidence.ts';

interface Outbox {
  readonly result: {
    readonly twoWrites: Record<string, number>;
    readonly outbox: Record<string, number>;
  };
}

const service = await useTestApp();

test('a crash between two writes loses messages, an outbox sends each at least once', async () => {
  const response = await service.client.get('/demos/database/outbox?orders=10&crashes=2').expect(200);
  const { twoWrites, outbox } = (response.body as Outbox).result;

  expect(twoWrites).toEqual({ orders: 10, received: 8, lost: 2, doubled: 0, crashes: 2 });
  expect(outbox).toEqual({ orders: 10, received: 10, lost: 0, doubled: 2, crashes: 4 });
});

test('the lesson changes if nothing crashes', async () => {
  const { lesson } = await run<unknown>(service, 'outbox?orders=4&crashes=0');

  expect(lesson.headline).toBe('Without a crash both ways deliver every message');
});
