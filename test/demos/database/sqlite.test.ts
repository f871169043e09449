import { expect, test } from '@jest/globals';
import { useTestApp } from '../../support/use-test-app.ts';
import { run } from './evidence.ts';

interface Row {
  readonly total: number;
  readonly timerMaxDelayMs: number;
  readonly workMs: number;
}

const service = await useTestApp();

test('a statement of SQLite blocks the event loop, unless it runs on a thread', async () => {
  const response = await service.client.get('/demos/database/sqlite?rows=3000000').expect(200);
  const { places } = (response.body as { result: { places: Row[] } }).result;
  const [onLoop, onThread, onServer] = places as [Row, Row, Row];

  expect(new Set(places.map(({ total }) => total)).size).toBe(1);
  expect(onLoop.timerMaxDelayMs).toBeGreaterThan(onLoop.workMs / 2);
  expect(onThread.timerMaxDelayMs).toBeLessThan(onLoop.timerMaxDelayMs / 2);
  expect(onServer.timerMaxDelayMs).toBeLessThan(onLoop.timerMaxDelayMs / 2);
});

test('the lesson changes if the statement is too short to block the event loop for long', async () => {
  const { lesson } = await run<unknown>(service, 'sqlite?rows=10000');

  expect(lesson.headline).toContain('too short to block for long');
});
