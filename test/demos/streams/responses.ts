import type { TestApp } from '../../support/app.ts';

interface Evidence<T> {
  readonly result: T;
  readonly lesson: { readonly headline: string; readonly text: string };
  readonly timeline: readonly unknown[];
  readonly moreSpans?: number;
}

export type Figures = Readonly<Record<string, number>>;

/** Requests the evidence of a route of this group. */
export async function run<T>({ client }: TestApp, path: string): Promise<Evidence<T>> {
  const response = await client.get(`/demos/streams/${path}`).set('Accept', 'application/json').expect(200);
  return response.body as Evidence<T>;
}

/** A parser for supertest that returns the body as bytes. */
export function collect(
  response: NodeJS.EventEmitter,
  done: (error: Error | null, body: Buffer) => void,
): void {
  const chunks: Buffer[] = [];
  response.on('data', (chunk: Buffer) => chunks.push(chunk));
  response.on('end', () => done(null, Buffer.concat(chunks)));
}
