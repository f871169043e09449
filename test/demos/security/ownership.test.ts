import { expect, test } from '@jest/globals';
import { useTestApp } from '../../support/use-test-app.ts';

const service = await useTestApp();

test('security/ownership reads every foreign order by id, and with the owner not even its existence', async () => {
  const response = await service.client.get('/demos/security/ownership?ids=30').expect(200);
  const { result, lesson } = response.body as { result: object; lesson: { headline: string; text: string } };
  expect(result).toEqual({
    own: 10,
    foreign: 30,
    ways: [
      { way: 'by id', ownReadable: 10, foreignReadable: 30, existenceRevealed: 30 },
      { way: 'by id, others 403', ownReadable: 10, foreignReadable: 0, existenceRevealed: 30 },
      { way: 'by id and owner', ownReadable: 10, foreignReadable: 0, existenceRevealed: 0 },
    ],
  });
  expect(lesson.headline).toBe('By id: 30 of 30 foreign orders readable; with the owner: 0');
  expect(lesson.text).toContain('All ways returned the 10 orders of the caller');
});
