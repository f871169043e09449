/** What the lessons of V8, its profiler, the memory of a process and its modules claim. */
import { bytes, ms, percent, times } from '../../../src/demos/kit/answer/units.ts';
import { max, min, nothing, type Claims } from '../claim.ts';
import type { Figures } from '../figures.ts';

const modulesMs = (f: Figures, program: string) => f.row('rows', 'program', program).number('modulesCpuMs');
const savedShare = (f: Figures) => 1 - modulesMs(f, f.text('kind')) / modulesMs(f, 'cjs');

export const engineClaims: Claims = {
  'v8/heap': [
    {
      says: /^Most of the growth was in (.+)/,
      holds: (f, [place]) => f.text('grewMost').replaceAll('_', ' ') === place,
    },
  ],
  'v8/gc': [
    { says: /^The garbage collector did not run/, holds: (f) => f.number('collections') === 0 },
    {
      says: /^Collections paused the thread for (.+) per 100 MB/,
      holds: (f, [pause]) => ms(f.number('pausedPer100MbMs')) === pause,
    },
    {
      says: /a quarter stayed reachable/,
      holds: (f) => f.number('survivedBytes') > f.number('allocatedBytes') / 8,
    },
  ],
  'v8/shapes': [
    {
      says: /^More than four shapes made the loop at least (.+) slower/,
      holds: (f) => {
        const slower = f.rows('rows');
        return (
          min(slower.filter((row) => row.number('shapes') > 4).map((row) => row.number('timesSlower'))) >
          max(slower.filter((row) => row.number('shapes') <= 4).map((row) => row.number('timesSlower')))
        );
      },
    },
    { says: /^This run does not show/, holds: nothing },
  ],
  'modules/exports': [
    {
      says: /^exports refused (\d+) paths? that loaded without it/,
      holds: (f, [refused]) =>
        f
          .rows('requests')
          .filter(
            (row) =>
              row.text('withExports').startsWith('ERR_') && !row.text('withoutExports').startsWith('ERR_'),
          ).length === Number(refused),
    },
    {
      says: /The internal file: (\w+)\./,
      holds: (_f, [code]) => code === 'ERR_PACKAGE_PATH_NOT_EXPORTED',
    },
    {
      says: /A path to the same file loaded it nevertheless/,
      holds: (f) =>
        f
          .rows('requests')
          .some(
            (row) =>
              /node_modules/.test(row.text('request')) && row.text('withExports') === 'lib/internal.mjs',
          ),
    },
    { says: /Not even a path|^This run does not tell: exports hid/, holds: () => false },
  ],
  'v8/tiers': [
    {
      says: /^(Maglev|TurboFan) ran the function (.+) as fast as the (interpreter|baseline)/,
      holds: (f, [last = '', gain, first = '']) => {
        const before = f.rows('rows').filter((row) => row.text('phase') === 'before');
        const nsOf = (tier: string) =>
          before.find((row) => row.text('tier') === tier)?.number('nsPerCall') ?? NaN;
        return times(nsOf(first) / nsOf(last)) === gain && nsOf(last) < nsOf(first);
      },
    },
    {
      says: /^One call with text discarded the code of/,
      holds: (f) => f.text('other') === 'text' && ['interpreter', 'baseline'].includes(f.text('afterOther')),
    },
    {
      says: /^The call with text did not discard/,
      holds: (f) => /Maglev|TurboFan/.test(f.text('afterOther')),
    },
    {
      says: /^This run does not tell: the function was not optimized/,
      holds: (f) =>
        !f.rows('rows').some((row) => row.text('phase') === 'before' && row.text('tier') === 'TurboFan'),
    },
    { says: /^This run does not tell: both tiers/, holds: nothing },
  ],
  'profiling/cpu': [
    {
      says: /^"(.+)" took (.+) of the sampled time/,
      holds: (f, [name]) => f.rows('functions')[0]?.text('functionName') === name,
    },
    { says: /Most of the time/, holds: (f) => (f.rows('functions')[0]?.number('share') ?? 0) > 0.5 },
    { says: /^The profile shows no function/, holds: (f) => f.rows('functions').length === 0 },
  ],
  'memory/leak': [
    {
      says: /^No leak: (\d+) of (\d+) request states? were collected/,
      holds: (f, [collected, all]) =>
        f.text('kind') === 'none' &&
        f.part('leaking').number('finalized') === Number(collected) &&
        f.number('requests') === Number(all) &&
        f.part('leaking').number('left') < Number(all) / 2,
    },
    {
      says: /^Each request left (.+), held by (.+)/,
      holds: (f, [left, holder]) =>
        f.text('kind') !== 'none' &&
        bytes(f.part('leaking').number('bytesPerRequest')) === left &&
        f.part('leaking').list('path')[0] === holder &&
        f.part('leaking').number('bytesPerRequest') > 2 * f.part('repaired').number('bytesPerRequest'),
    },
    {
      says: /these grew with the requests: (.+?)\. After/,
      holds: (f, [names]) =>
        f
          .part('leaking')
          .rows('grew')
          .map((row) => row.text('constructor'))
          .join(', ') === names,
    },
    {
      says: /all (\d+) were collected/,
      holds: (f, [collected]) =>
        f.part('repaired').number('finalized') === Number(collected) &&
        f.part('repaired').number('left') === 0,
    },
  ],
  'modules/load': [
    {
      says: /^(\d+) modules? added (.+) to (.+) of startup/,
      holds: (f, [modules, added, empty]) =>
        f.is('allLoaded') &&
        f.number('modules') === Number(modules) &&
        ms(f.row('rows', 'program', 'cjs').number('modulesCpuMs')) === added &&
        ms(f.row('rows', 'program', 'empty').number('cpuMs')) === empty,
    },
    {
      says: /saved (.+) of what the modules cost/,
      holds: (f, [share]) => f.is('allLoaded') && percent(savedShare(f)) === share,
    },
    {
      says: /cost about as much as CommonJS/,
      holds: (f) => f.is('allLoaded') && Math.abs(savedShare(f)) < 0.16,
    },
    { says: /cost (\S+) as much as CommonJS/, holds: (f) => f.is('allLoaded') && savedShare(f) < 0 },
    {
      says: /^This run does not tell: \d+ modules? cost too little/,
      holds: (f) => modulesMs(f, 'cjs') < 0.2 * f.row('rows', 'program', 'empty').number('cpuMs'),
    },
    { says: /: a live binding/, holds: (f) => f.number('importedCounter') === 1 },
    { says: /require\(\) with destructuring copies/, holds: (f) => f.number('importedCounter') === 0 },
    { says: /^Nothing was measured/, holds: () => false },
  ],
};
