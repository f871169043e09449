import type { Lesson } from '../../../src/demos/kit/demo.ts';
import { useTestApp } from '../../support/use-test-app.ts';

/** @returns a function that requests a route of the demo from an app of its own */
export async function useEventLoop() {
  const { client } = await useTestApp();
  return async <Result>(path: string): Promise<{ result: Result; lesson: Lesson }> => {
    const response = await client.get(`/demos/event-loop/${path}`).expect(200);
    return response.body as { result: Result; lesson: Lesson };
  };
}
