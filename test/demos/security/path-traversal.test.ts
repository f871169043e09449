import { expect, test } from '@jest/globals';
import { useTestApp } from '../../support/use-test-app.ts';

const service = await useTestApp();

test('security/path-traversal reads the secret with every shortcut, and over the real path never', async () => {
  const response = await service.client.get('/demos/security/path-traversal').expect(200);
  const { result, lesson } = response.body as {
    result: {
      attacks: number;
      ways: { way: string; secretsRead: number; genuineServed: number }[];
      names: { name: string; readBy: string[] }[];
    };
    lesson: { headline: string; text: string };
  };
  expect(result.ways.at(-1)).toEqual({ way: 'real path, relative', secretsRead: 0, genuineServed: 3 });
  for (const { way, secretsRead, genuineServed } of result.ways.slice(0, -1)) {
    expect({ way, secretsRead }).toEqual({ way, secretsRead: expect.any(Number) });
    expect(secretsRead).toBeGreaterThan(0);
    expect(genuineServed).toBe(3);
  }
  const readBy = Object.fromEntries(result.names.map((row) => [row.name, row.readBy]));
  expect(readBy['../files-of-others/secret.txt']).toContain('startsWith');
  expect(readBy['....//secret.txt']).toContain('join, ../ removed');
  expect(readBy['link/secret.txt']).toContain('relative');
  expect(lesson.headline).toBe('5 of 5 shortcuts read the secret, the real path never');
});
