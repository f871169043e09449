import process from 'node:process';
import { z } from 'zod';
import { count, times } from '../kit/answer/units.ts';
import { demoRoute, oneOf, wholeNumber, type Lesson } from '../kit/demo.ts';
import { nodeArguments } from '../kit/resources/children.ts';
import { nextChildMessage, withChild } from '../kit/resources/with-child.ts';
import type { TiersReport } from './tiers-child.ts';

const program = new URL('./tiers-child.ts', import.meta.url);

/** A ratio below this is noise on a shared machine. */
const CLEAR_RATIO = 1.5;

const tiers = ['interpreter', 'baseline', 'Maglev', 'TurboFan'] as const;
const optimizing: readonly string[] = ['Maglev', 'TurboFan'];

const row = z.strictObject({
  phase: z.enum(['before', 'after']).describe('Of the one call with another type, if there was one'),
  tier: z.enum(tiers).describe('By %GetOptimizationStatus'),
  fromCall: z.number().describe('Calls of its phase before this tier was first timed'),
  nsPerCall: z.number().describe('Of the fastest five calls in this tier'),
});
type Row = z.infer<typeof row>;

const resultSchema = z.strictObject({
  other: z.enum(['none', 'text']),
  calls: z.number().describe('In each phase'),
  rows: z.array(row),
  afterOther: z.enum(tiers).nullable().describe('The tier right after the call with another type'),
});
export type Result = z.infer<typeof resultSchema>;

export const tiersRoute = demoRoute({
  method: 'get',
  path: '/tiers',
  title: 'How V8 optimizes a function',
  summary:
    'Calls a function that adds numbers thousands of times in a fresh process, and times the calls in each tier of V8.',
  teaches:
    'V8 interprets a function at first (Ignition), compiles it without optimization (Sparkplug) or with it (Maglev, TurboFan) ' +
    'once it is called often, and assumes the types it has seen. A call with another type discards the optimized code ' +
    '(deoptimization), and the next version has to handle both.',
  query: z.object({
    other: oneOf('One call with another type when the function is optimized', ['none', 'text']),
    calls: wholeNumber('Calls before and after that', { min: 10, max: 50_000, default: 10_000 }),
  }),
  alone: true,
  result: resultSchema,
  examples: [
    { title: 'Always numbers', query: { other: 'none', as: 'text' } },
    { title: 'One call with text', query: { other: 'text', as: 'text' } },
    { title: 'Too few calls', query: { other: 'none', calls: 20, as: 'text' } },
  ],
  contrasts: ['v8/tiers?other=none', 'v8/tiers?other=text', 'v8/shapes', 'profiling/cpu'],
  async run({ query: { other, calls }, signal, timeline, resources }) {
    const { budgets, children } = resources;
    const { rows, afterOther } = await timeline.record(count(2 * calls, 'call'), 'child', () =>
      budgets.children.use(1, signal, () => {
        const args = ['--allow-natives-syntax', ...nodeArguments(program), other, String(calls)];
        return withChild(children.start(process.execPath, { signal, ipc: true, args }), (child) =>
          nextChildMessage<TiersReport>(child),
        );
      }),
    );
    const result = {
      other,
      calls,
      rows: rows.map((each) => ({ ...each, nsPerCall: Math.round(each.nsPerCall) })),
      afterOther,
    };
    return { result, lesson: conclude(result) };
  },
});

export function conclude({ other, calls, rows, afterOther }: Result): Lesson {
  const of = (phase: Row['phase']) => rows.filter((each) => each.phase === phase);
  const describe = (some: readonly Row[]) =>
    some
      .map(({ tier, nsPerCall, fromCall }) => `${tier} ${nsPerCall} ns (from call ${fromCall + 1})`)
      .join(', ');
  const [first, last] = [of('before')[0], of('before').at(-1)];
  if (first === undefined || last === undefined || !optimizing.includes(last.tier)) {
    return {
      headline: 'This run does not tell: the function was not optimized',
      text: `A call took, by tier: ${describe(of('before'))}. V8 optimizes only what is called often: make more than ${calls} calls.`,
    };
  }
  const gain = first.nsPerCall / last.nsPerCall;
  const figures = `A call with ten numbers took, by tier: ${describe(of('before'))}.`;
  if (other === 'none') {
    return gain < CLEAR_RATIO
      ? {
          headline: 'This run does not tell: both tiers took about as long',
          text: `${figures} The machine was too busy to compare them.`,
        }
      : {
          headline: `${last.tier} ran the function ${times(gain)} as fast as the ${first.tier}`,
          text: figures,
        };
  }
  const again = of('after').at(-1);
  const after =
    again === undefined || !optimizing.includes(again.tier)
      ? 'It was not optimized again.'
      : `Optimized again, for numbers and text, a call with numbers took ${times(again.nsPerCall / last.nsPerCall)} as long as before.`;
  const text = `${figures} After the call with text: ${describe(of('after'))}. ${after}`;
  return afterOther === null || optimizing.includes(afterOther)
    ? { headline: 'The call with text did not discard the optimized code', text }
    : { headline: `One call with text discarded the code of ${last.tier}`, text };
}
