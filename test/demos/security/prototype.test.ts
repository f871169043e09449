import { describe, expect, test } from '@jest/globals';
import { useTestApp } from '../../support/use-test-app.ts';

const service = await useTestApp();

interface Answer {
  readonly result: {
    readonly sentKeys: readonly string[];
    readonly keysAfterSchema: readonly string[];
    readonly merges: readonly { readonly pollutes: readonly string[] }[];
    readonly thisProcessPolluted: readonly string[];
  };
  readonly lesson: { readonly headline: string; readonly text: string };
}

const post = (body: string) =>
  service.client.post('/demos/security/prototype').set('Content-Type', 'application/json').send(body);

describe('security/prototype', () => {
  test.each([
    ['{"__proto__":{"isAdmin":true}}', 'isAdmin', []],
    ['{"constructor":{"prototype":{"isAdmin":true}}}', 'isAdmin', ['isAdmin']],
    ['{"__proto__":{"toString":1}}', 'toString', []],
    ['{"constructor":{"prototype":{"toString":1}}}', 'toString', ['toString']],
  ])(
    '%s pollutes the sandbox of an unguarded merge, but not of a guarded one, nor this process',
    async (body, name, withoutAccessor) => {
      const { result, lesson } = (await post(body).expect(200)).body as Answer;

      expect(result.merges.map(({ pollutes }) => pollutes)).toEqual([[name], withoutAccessor, []]);
      expect(lesson.text).toContain(withoutAccessor.length === 0 ? 'it changed nothing' : 'it did the same');
      expect(lesson.headline).toContain(`set ${name} in Object.prototype`);
      expect(result.thisProcessPolluted).toEqual([]);
      expect(({} as { isAdmin?: boolean }).isAdmin).toBeUndefined();
    },
  );

  test.each([
    ['a new property', 'isAdmin'],
    ['a changed value', 'isPrototypeOf'],
  ])('reports %s in the Object.prototype of this process', async (_what, name) => {
    const was = Object.getOwnPropertyDescriptor(Object.prototype, name);
    Object.defineProperty(Object.prototype, name, { value: 1, configurable: true, enumerable: false });
    try {
      const { result, lesson } = (await post('{"a":1}').expect(200)).body as Answer;

      expect(result.thisProcessPolluted).toEqual([name]);
      expect(lesson.text).toContain(`polluted with ${name}`);
    } finally {
      if (was === undefined) Reflect.deleteProperty(Object.prototype, name);
      else Object.defineProperty(Object.prototype, name, was);
    }
  });

  test('merges a body that overwrites Object.keys, which the merge uses', async () => {
    const { result } = (await post('{"constructor":{"keys":1},"a":1}').expect(200)).body as Answer;

    expect(result.merges.map(({ pollutes }) => pollutes)).toEqual([[], [], []]);
  });

  test('drops __proto__ in the schema of the route', async () => {
    const { result } = (await post('{"a":1,"__proto__":{"b":2}}').expect(200)).body as Answer;

    expect(result.sentKeys).toEqual(['a', '__proto__']);
    expect(result.keysAfterSchema).toEqual(['a']);
  });

  test.each([33, 500, 5_000])('rejects a body that is %i levels deep with 422', async (levels) => {
    const response = await post(`${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`).expect(422);

    expect(response.body).toMatchObject({ detail: 'The body may be at most 32 levels deep.' });
  });

  test('merges a body of 32 levels, and rejects one that is not an object with 400', async () => {
    await post(`${'{"a":'.repeat(32)}1${'}'.repeat(32)}`).expect(200);
    await post('[1]').expect(400);
  });

  test('responds with 422 and the error if a merge throws', async () => {
    const response = await post('{"__proto__":{"__proto__":{"a":1}}}').expect(422);

    expect(response.text).toContain('TypeError');
  });
});
