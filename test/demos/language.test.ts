import { describe, expect, test } from '@jest/globals';
import { useTestApp } from '../support/use-test-app.ts';

const service = await useTestApp();

async function run<T>(path: string): Promise<T> {
  const response = await service.client.get(`/demos/language/${path}`).expect(200);
  return (response.body as { readonly result: T }).result;
}

describe('language', () => {
  interface Types {
    readonly types: readonly {
      readonly value: string;
      readonly typeOf: string;
      readonly kind: string;
      readonly changeSeenThroughCopy: boolean;
      readonly equalToTwin: boolean;
    }[];
    readonly surprises: readonly { readonly expression: string; readonly value: string }[];
  }
  interface Globals {
    readonly languageNames: readonly string[];
    readonly webStandard: readonly string[];
    readonly nodeOnly: readonly string[];
    readonly moduleScope: readonly { readonly typeOf: string }[];
  }

  test('shows a change through a second variable for objects and never for primitives', async () => {
    const { types } = await run<Types>('types');

    for (const { kind, changeSeenThroughCopy } of types) {
      expect(changeSeenThroughCopy).toBe(kind === 'object');
    }
    expect(new Set(types.filter(({ kind }) => kind === 'primitive').map(({ typeOf }) => typeOf))).toEqual(
      new Set(['undefined', 'object', 'boolean', 'number', 'bigint', 'string', 'symbol']),
    );
    expect(types.filter(({ equalToTwin }) => equalToTwin).map(({ value }) => value)).toEqual([
      'undefined',
      'null',
      'true',
      '42',
      '42n',
      "'text'",
    ]);
  });

  test('computes the surprising expressions', async () => {
    const { surprises } = await run<Types>('types');

    expect(Object.fromEntries(surprises.map(({ expression, value }) => [expression, value]))).toMatchObject({
      'typeof null': 'object',
      '[10, 9, 1].sort()': '1,10,9',
    });
  });

  test('separates the globals of the language, of web standards and of Node.js from those of packages', async () => {
    const { languageNames, webStandard, nodeOnly, moduleScope } = await run<Globals>('globals');

    expect(languageNames).toEqual(expect.arrayContaining(['Array', 'Promise', 'JSON']));
    for (const name of ['gc', 'console', 'WebAssembly']) expect(languageNames).not.toContain(name);
    expect(webStandard).toEqual(
      expect.arrayContaining(['console', 'fetch', 'URL', 'structuredClone', 'WebAssembly']),
    );
    expect(webStandard.filter((name) => name.startsWith('_'))).toEqual([]);
    expect(nodeOnly).toEqual(['Buffer', 'clearImmediate', 'global', 'process', 'setImmediate']);
    expect(moduleScope.map(({ typeOf }) => typeOf)).toEqual(Array(5).fill('undefined'));
  });
});
