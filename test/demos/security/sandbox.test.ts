import process from 'node:process';
import { expect, test } from '@jest/globals';
import { useTestApp } from '../../support/use-test-app.ts';

const service = await useTestApp();
const onLinux = process.platform === 'linux'; // has /proc

test('security/sandbox takes everything from a vm context, and files and programs from a permitted child never', async () => {
  const response = await service.client.get('/demos/security/sandbox').expect(200);
  const { result, lesson } = response.body as {
    result: { places: ({ place: string } & Record<string, boolean>)[] };
    lesson: { headline: string; text: string };
  };
  const rights = { readsFile: true, writesFile: true, startsProgram: true, connects: true, killsHost: true };
  const none = { readsFile: false, writesFile: false, startsProgram: false };
  expect(result.places).toEqual([
    { place: 'vm context', ...rights, readsVariable: true, readsEnvironment: true },
    { place: 'worker thread', ...rights, readsVariable: false, readsEnvironment: onLinux },
    { place: 'child process', ...rights, readsVariable: false, readsEnvironment: onLinux },
    {
      place: 'child, --permission',
      ...none,
      readsVariable: false,
      readsEnvironment: false,
      connects: true, // Node.js 24 has no permission for the network
      killsHost: true,
    },
  ]);
  expect(lesson.headline).toBe('Of 7 accesses the vm context allowed 7, --permission 2');
  expect(await service.metrics.registry.metrics()).toMatch(/^demo_children 0$/m);
});
