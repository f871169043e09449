/** What the lessons of events, the event loop, the thread pool and the places for CPU work claim. */
import { ms, times } from '../../../src/demos/kit/answer/units.ts';
import { max, min, nothing, type Claim, type Claims } from '../claim.ts';
import { Figures } from '../figures.ts';

const waitedMs = (f: Figures) => Math.max(0, f.number('healthSlowestMs') - f.number('healthQuietMs'));
const impact: readonly Claim[] = [
  { says: /^Others kept running/, holds: (f) => waitedMs(f) <= 10 },
  { says: /, an acceptable delay/, holds: (f) => waitedMs(f) < 50 },
  { says: /: clients feel that/, holds: (f) => waitedMs(f) >= 50 },
  { says: /^Blocked: a health check/, holds: (f) => waitedMs(f) >= 100 },
  {
    says: /It waited about as long as (\d+) slices/,
    holds: (f, [slices]) => Math.abs(waitedMs(f) / f.number('longestSliceMs') - Number(slices)) <= 0.5,
  },
  {
    says: /The slowest health check took (.+?), compared with (.+?) on an idle/,
    holds: (f, [slowest, idle]) =>
      slowest === ms(f.number('healthSlowestMs')) && idle === ms(f.number('healthQuietMs')),
  },
];

const eventLoopOf = (f: Figures) => f.part('eventLoop').number('maxDelayMs');
const place: readonly Claim[] = [
  { says: /: the event loop was free for other requests/, holds: (f) => eventLoopOf(f) < 50 },
  { says: /although the job ran elsewhere/, holds: (f) => eventLoopOf(f) >= 50 },
  {
    says: /of it in the call that starts the process/,
    holds: (f) => f.number('callMs') > eventLoopOf(f) / 2,
  },
];

export const runtimeClaims: Claims = {
  'events/emit': [
    {
      says: /^All (\d+) listeners ran before/,
      holds: (f, [all]) =>
        f.number('ranBeforeEmitReturned') === Number(all) && f.number('ranAfterEmitReturned') === 0,
    },
    { says: /ran only after emit had returned/, holds: (f) => f.number('ranAfterEmitReturned') > 0 },
  ],
  'events/async-iteration': [
    {
      says: /^for await handled (\d+) at a time, an async listener (\d+)/,
      holds: (_f, [one, many]) => Number(one) < Number(many),
    },
    { says: /^Too few events/, holds: nothing },
  ],
  'events/error': [
    { says: /emit threw "/, holds: nothing },
    { says: /^emit threw nothing/, holds: nothing },
  ],
  'non-blocking/read': [
    { says: /^The call returned after/, holds: (f) => f.number('callMs') < f.number('readMs') },
    {
      says: /^The call returned only with the content/,
      holds: (f, _g, query) =>
        query.text('style') === 'sync' && f.number('callMs') >= 0.9 * f.number('readMs'),
    },
    {
      says: /The event loop was blocked during the read/,
      holds: (f) => f.number('timerMaxDelayMs') > f.number('readMs') / 2,
    },
    {
      says: /too short to delay the timer/,
      holds: (f) => f.number('timerMaxDelayMs') <= f.number('readMs') / 2,
    },
  ],
  'non-blocking/together': [
    {
      says: /In parallel the waits were .+ faster/,
      holds: (f) => {
        const [serial = NaN, parallel = NaN] = f.column('ways', 'settledMs');
        return serial > 1.2 * parallel;
      },
    },
    { says: /no clear gain/, holds: nothing },
  ],
  'event-loop/order': [
    {
      says: /^setImmediate ran first in (\d+) of/,
      holds: (f, [first]) => f.number('immediateFirst') === Number(first),
    },
    {
      says: /^setTimeout\(0\) ran first in (\d+) of/,
      holds: (f, [first]) => f.number('timeoutFirst') === Number(first),
    },
    { says: /The order of the phases does not allow/, holds: () => false },
  ],
  'event-loop/phases': [
    {
      says: /^Callbacks ran in phase order in (\d+) of/,
      holds: (f, [same]) => f.number('sameOrder') === Number(same),
    },
    { says: /^Callbacks did not run in phase order/, holds: nothing },
  ],
  'event-loop/starve': [
    {
      says: /^The pending read waited .+ by (?:nextTick|queueMicrotask)/,
      holds: (f) =>
        f.number('recursionsBeforeRead') === f.number('recursions') &&
        f.number('timerMaxDelayMs') > f.number('recursedMs') / 2,
    },
    { says: /^The pending read waited .+ by setImmediate/, holds: () => false },
    {
      says: /let the event loop iterate in between/,
      holds: (f) => f.number('recursionsBeforeRead') < f.number('recursions'),
    },
    { says: /^The pending read took/, holds: nothing },
    { says: /^This run does not show/, holds: (f) => f.number('quietReadMs') > f.number('recursedMs') / 2 },
  ],
  'event-loop/block': impact,
  'event-loop/yield': impact,
  'event-loop/offload': impact,
  'thread-pool/pbkdf2': [
    {
      says: /^(\d+) tasks? found a free pool thread at once/,
      holds: (f, [all]) => f.number('startedAtOnce') === Number(all),
    },
    {
      says: /^(\d+) of (\d+) tasks waited for one of (\d+) pool thread/,
      holds: (f, [waited, all, threads]) =>
        f.number('startedAtOnce') === Number(all) - Number(waited) &&
        Number(threads) === f.number('poolSize'),
    },
    {
      says: /^This run does not show/,
      holds: (f) => f.number('poolThreads') < Math.min(f.number('poolSize'), f.rows('tasks').length),
    },
  ],
  'thread-pool/size': [
    {
      says: /^A pool of (\d+) was (.+?) as fast as one of (\d+)/,
      holds: (f, [size, gain]) => {
        const row = f.row('sizes', 'poolSize', Number(size));
        const [first = new Figures({})] = f.rows('sizes');
        return times(row.number('speedUp')) === gain && row.number('slowestMs') < first.number('elapsedMs');
      },
    },
    {
      says: /no more than the runs of one size|^No other size|too short to compare|^With a pool of/,
      holds: nothing,
    },
    {
      says: /after it: too late/,
      holds: (f) => f.row('setInCode', 'set', 'after the first use').number('poolThreads') > 2,
    },
    {
      says: /There was no idle core/,
      holds: (f) => max(f.column('sizes', 'coresUsed')) > 0.8 * f.number('cores'),
    },
    {
      says: /Each pool had a thread for every task/,
      holds: (f) => min(f.column('sizes', 'poolSize')) >= f.number('tasks'),
    },
  ],
  'thread-pool/starve': [
    {
      says: /^Behind a full pool, a (.+) took (.+) as long/,
      holds: (f, [operation = '', ratio], query) => {
        const row = f.row('latencies', 'operation', operation);
        return (
          f.number('tasks') >= query.number('threads') &&
          row.number('keysBefore') > 0 &&
          row.number('fullMs') > row.number('freeMs') &&
          times(row.number('ratio')) === ratio
        );
      },
    },
    {
      says: /left room in the pool: nothing waited/,
      holds: (f, _g, query) =>
        f.number('tasks') < query.number('threads') && max(f.column('latencies', 'keysBefore')) === 0,
    },
    {
      says: /(\d+) keys? cannot fill (\d+) pool thread/,
      holds: (_f, [keys, threads]) => Number(keys) < Number(threads),
    },
    { says: /^This run does not show/, holds: nothing },
  ],
  'thread-pool/who-uses-it': [
    {
      says: /^(\d+) of (\d+) operations waited/,
      holds: (f, [waited], query) =>
        f.rows('operations').filter((row) => row.is('waits')).length === Number(waited) &&
        f.number('tasks') >= 2 * query.number('threads') &&
        f.number('poolBusyMs') > 100,
    },
    {
      says: /These did not wait .+ need no pool thread: (.+?)\./,
      holds: (_f, [names = '']) => !/fs\.(?!watch)|crypto|zlib|lookup/.test(names),
    },
    {
      says: /These waited for a pool thread .+?: (.+?)\. These/,
      holds: (_f, [names = '']) => !/socket|fs\.watch|dns\.res|dns\.rev/.test(names),
    },
    { says: /^This run does not show/, holds: nothing },
  ],
  'cpu/inline': [
    { says: /blocked the event loop for/, holds: (f) => eventLoopOf(f) > f.number('ranMs') / 2 },
    { says: /too short to show blocking/, holds: (f) => eventLoopOf(f) <= f.number('ranMs') / 2 },
  ],
  'cpu/chunked': [
    {
      says: /^With (\d+) slices, a timer was at most/,
      holds: (f, [slices]) => f.number('slices') === Number(slices) && eventLoopOf(f) < 100,
    },
    { says: /^With (\d+) slices, a timer was still/, holds: (f) => eventLoopOf(f) >= 100 },
    { says: /block the event loop as an inline job does/, holds: (f) => eventLoopOf(f) >= 10 },
    { says: /^One slice is the same/, holds: (f) => f.number('slices') === 1 },
    { says: /too short to need slices/, holds: (f) => f.number('slices') === 1 && eventLoopOf(f) <= 10 },
  ],
  'cpu/thread': [
    ...place,
    {
      says: /^Starting a thread took (.+) for (.+) of work/,
      holds: (f, [start, work]) => ms(f.number('startUpMs')) === start && ms(f.number('ranMs')) === work,
    },
  ],
  'cpu/thread-pool': [
    ...place,
    { says: /^The pool took (.+) to start a thread/, holds: (f) => f.number('startUpMs') > 0 },
    { says: /^A pooled thread began the job after/, holds: (f) => f.number('startUpMs') === 0 },
  ],
  'cpu/child': [
    ...place,
    { says: /^Starting a process took (.+) for/, holds: (f, [start]) => ms(f.number('startUpMs')) === start },
  ],
  'cpu/fork': [
    ...place,
    {
      says: /^The second job took (.+), the startup (.+)/,
      holds: (f, [next, start]) => ms(f.number('nextJobMs')) === next && ms(f.number('startUpMs')) === start,
    },
    { says: /which saved little/, holds: (f) => f.number('nextJobMs') >= f.number('startUpMs') / 2 },
  ],
  'cpu/compare': [
    {
      says: /^Inline delayed timers by/,
      holds: (f) =>
        f.row('places', 'place', 'inline').number('maxDelayMs') >
        2 *
          max(
            f
              .rows('places')
              .filter((row) => !['inline', 'chunked'].includes(row.text('place')))
              .map((row) => row.number('maxDelayMs')),
          ),
    },
    {
      says: /(\S+) was fastest with/,
      holds: (f, [name = '']) =>
        f.row('places', 'place', name).number('elapsedMs') ===
        min(
          f
            .rows('places')
            .filter((row) => !['inline', 'chunked'].includes(row.text('place')))
            .map((row) => row.number('elapsedMs')),
        ),
    },
    { says: /too short to show blocking|^This run shows no clear difference/, holds: nothing },
    { says: /did not count the same/, holds: () => false },
  ],
};
