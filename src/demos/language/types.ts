import { Buffer } from 'node:buffer';
import { z } from 'zod';
import { demoRoute } from '../kit/demo.ts';

/** Each call returns a new value, so that it can be compared with its twin. */
const makers: readonly (readonly [string, () => unknown])[] = [
  ['undefined', () => undefined],
  ['null', () => null],
  ['true', () => true],
  ['42', () => 42],
  ['NaN', () => NaN],
  ['42n', () => 42n],
  ["'text'", () => 'text'],
  ['Symbol()', () => Symbol('own')],
  ['{}', () => ({})],
  ['[]', () => []],
  ['() => {}', () => () => undefined],
  ['new Date(0)', () => new Date(0)],
  ['/x/', () => /x/],
  ['new Map()', () => new Map()],
  ['Buffer.alloc(1)', () => Buffer.alloc(1)],
  ['Promise.resolve()', () => Promise.resolve()],
  ["new String('text')", () => Object('text') as unknown],
];

/** Expressions with a surprising value, which is computed and not hard-coded. */
const surprises: Readonly<Record<string, () => unknown>> = {
  'typeof null': () => typeof null,
  '0.1 + 0.2': () => 0.1 + 0.2,
  '2 ** 53 === 2 ** 53 + 1': () => 2 ** 53 === 2 ** 53 + 1,
  '2n ** 53n === 2n ** 53n + 1n': () => 2n ** 53n === 2n ** 53n + 1n,
  "'👍'.length": () => '👍'.length,
  "Buffer.byteLength('👍')": () => Buffer.byteLength('👍'),
  '[10, 9, 1].sort()': () => [10, 9, 1].sort().join(),
};

const typeSchema = z.strictObject({
  value: z.string(),
  typeOf: z.string().describe('What typeof returns'),
  kind: z.enum(['primitive', 'object']),
  changeSeenThroughCopy: z
    .boolean()
    .describe('Whether a property set through a second variable is seen through the first'),
  equalToTwin: z.boolean().describe('Whether it is === to another value created in the same way'),
});

const resultSchema = z.strictObject({
  primitives: z.number(),
  objects: z.number(),
  surprises: z.array(z.strictObject({ expression: z.string(), value: z.string() })),
  types: z.array(typeSchema),
});

export const typesRoute = demoRoute({
  method: 'get',
  path: '/types',
  title: 'Primitives and objects',
  summary: 'Shows for each type what `typeof` returns, what assignment copies and what `===` compares.',
  teaches:
    'Assigning a primitive copies its value. Assigning an object copies the reference: both variables then name the same ' +
    'object, and `===` compares that identity.',
  result: resultSchema,
  examples: [{ title: 'All types', query: { as: 'text' } }],
  contrasts: ['language/globals'],
  run() {
    const types = makers.map(([value, make]) => examine(value, make));
    const result = {
      primitives: types.filter(({ kind }) => kind === 'primitive').length,
      objects: types.filter(({ kind }) => kind === 'object').length,
      surprises: Object.entries(surprises).map(([expression, compute]) => ({
        expression,
        value: String(compute()),
      })),
      types,
    };
    return { result, lesson: conclude(result) };
  },
});

function examine(value: string, make: () => unknown): z.infer<typeof typeSchema> {
  const one = make();
  return {
    value,
    typeOf: typeof one,
    // Object() returns an object unchanged, and wraps a primitive in a new one.
    kind: Object(one) === one ? 'object' : 'primitive',
    changeSeenThroughCopy: isChangedThroughCopy(one),
    equalToTwin: one === make(),
  };
}

function isChangedThroughCopy(original: unknown): boolean {
  const copy = original;
  try {
    (copy as { mark?: boolean }).mark = true; // modules are strict: this throws for primitives
    return (original as { mark?: boolean }).mark === true;
  } catch {
    return false;
  }
}

function conclude({ types, primitives, objects }: z.infer<typeof resultSchema>) {
  const shared = types.filter(({ changeSeenThroughCopy }) => changeSeenThroughCopy);
  const equal = types.filter(({ equalToTwin }) => equalToTwin);
  const unequal = types.filter(({ kind, equalToTwin }) => kind === 'primitive' && !equalToTwin);
  const mislabeled = types.filter(({ kind, typeOf }) => kind === 'primitive' && typeOf === 'object');
  const onlyObjects = shared.every(({ kind }) => kind === 'object');
  return {
    headline: `A change through a second variable was seen for ${shared.length} values`,
    text:
      `Of ${primitives} primitives and ${objects} objects, ${onlyObjects ? 'only objects' : 'not only objects'} showed the change. ` +
      `${equal.length} values were equal to a twin; of the primitives, ${unequal.map(({ value }) => value).join(' and ')} were not. ` +
      `\`typeof\` returns "object" for ${mislabeled.map(({ value }) => value).join(', ')}, which is a primitive.`,
  };
}
