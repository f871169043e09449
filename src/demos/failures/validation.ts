import { z } from 'zod';
import { count } from '../kit/answer/units.ts';
import { demoRoute } from '../kit/demo.ts';

const colors = ['red', 'green', 'blue'] as const;
const wholeAge = { error: 'must be a whole number from 0 to 150' };

export const validationRoute = demoRoute({
  method: 'get',
  path: '/validation',
  title: 'Validate input',
  summary: 'Checks three parameters and names every invalid one in a single 400 response.',
  teaches:
    'Validate input once, at the boundary, against the schema that also generates the documentation. Report all errors ' +
    'together.',
  query: z.object({
    name: z
      .string({ error: 'is required' })
      .regex(/^\p{L}[\p{L} '-]{0,49}$/u, { error: 'must be 1 to 50 letters' })
      .describe('A name: letters, spaces, apostrophes, hyphens'),
    age: z.coerce
      .number(wholeAge)
      .int(wholeAge)
      .min(0, wholeAge)
      .max(150, wholeAge)
      .describe('An age in years'),
    color: z.enum(colors, { error: `must be one of ${colors.join(', ')}` }).describe('A color'),
  }),
  result: z.strictObject({ name: z.string(), age: z.number(), color: z.enum(colors) }),
  examples: [
    { title: 'Three errors at once', query: { name: '42', age: 'old', color: 'mauve' }, status: 400 },
    { title: 'Valid input', query: { name: 'Ada', age: 36, color: 'green' } },
  ],
  contrasts: ['failures/hidden'],
  run({ query }) {
    const { name, age, color } = query;
    const result = { name, age, color };
    const fields = count(Object.keys(result).length, 'field');
    return {
      result,
      lesson: {
        headline: `${fields} passed one check against the schema`,
        text:
          `${fields} passed the check. A query contains only text, and the check converted age to a ${typeof age}. ` +
          'Send invalid values to see each of them named in one response.',
      },
    };
  },
});
