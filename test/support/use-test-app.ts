import { afterAll } from '@jest/globals';
import { createTestApp, type TestApp } from './app.ts';

/** The app for all tests of a file, disposed of after the last one. */
export async function useTestApp(...options: Parameters<typeof createTestApp>): Promise<TestApp> {
  const service = await createTestApp(...options);
  afterAll(async () => {
    await service[Symbol.asyncDispose]();
  });
  return service;
}
