import type { TestApp } from '../../support/app.ts';

interface Evidence<T> {
  readonly result: T;
  readonly lesson: { readonly headline: string; readonly text: string };
}

/** Requests the evidence of a route of this group. */
export async function run<T>({ client }: TestApp, path: string): Promise<Evidence<T>> {
  const response = await client.get(`/demos/database/${path}`).set('Accept', 'application/json').expect(200);
  return response.body as Evidence<T>;
}
