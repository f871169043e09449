/** What the lessons of asynchronous work claim: contexts, cancellation, timers, many calls, races, and what blocks the loop. */
import { ms, percent } from '../../../src/demos/kit/answer/units.ts';
import { max, nothing, sum, type Claims } from '../claim.ts';
import type { Figures } from '../figures.ts';

const REASONS = /^(?:AbortError|TimeoutError)$/;
const endedBySignal = (row: Figures) => REASONS.test(row.text('endedBy'));
const stoppedOnTime = (row: Figures) => row.text('endedBy') === 'AbortError';

const slowestCheckMs = (f: Figures) =>
  Math.max(f.number('blockedMs'), f.number('healthSlowestMs') - f.number('healthQuietMs'));

const now = (f: Figures) => f.row('fingerprints', 'phase', 'now');
const healthy = (f: Figures) => f.row('fingerprints', 'phase', 'healthy');
const isSlower = (f: Figures) => now(f).number('latencyMs') > 1.5 * healthy(f).number('latencyMs');

const isWrong = (row: Figures) =>
  row.number('right') < sum(['right', 'other', 'none'].map((name) => row.number(name)));

export const concurrencyClaims: Claims = {
  'async-context/who': [
    {
      says: /^(\d+) of (\d+) log lines had the id of another/,
      holds: (f, [wrong, all]) =>
        f.text('way') === 'global' &&
        f.number('linesOfAnotherRequest') === Number(wrong) &&
        f.number('lines') === Number(all) &&
        Number(wrong) > 0,
    },
    {
      says: /^All (\d+) log lines had the id of their own/,
      holds: (f, [all]) =>
        f.text('way') === 'local' &&
        f.number('linesOfAnotherRequest') === 0 &&
        f.number('lines') === Number(all) &&
        f.number('maxAtOnce') > 1,
    },
    {
      says: /was right for (.+?) of the lines/,
      holds: (f, [right]) => percent(1 - f.number('linesOfAnotherRequest') / f.number('lines')) === right,
    },
    {
      says: /^This run does not tell: no request overtook/,
      holds: (f) => f.number('maxAtOnce') < 2 || f.number('linesOfAnotherRequest') === 0,
    },
  ],
  'async-context/lost': [
    {
      says: /^(\d+) of (\d+) places ran callbacks in the wrong context/,
      holds: (f, [wrong, all]) =>
        f.rows('places').filter(isWrong).length === Number(wrong) && f.rows('places').length === Number(all),
    },
    { says: /^Every callback saw the context of its own/, holds: (f) => !f.rows('places').some(isWrong) },
    {
      says: /With AsyncResource\.bind every callback was right/,
      holds: (f) => f.rows('places').every((row) => row.number('rightIfBound') === f.number('requests')),
    },
    {
      says: /AsyncResource\.bind did not help/,
      holds: (f) => f.rows('places').some((row) => row.number('rightIfBound') < f.number('requests')),
    },
  ],
  'abort/spread': [
    {
      says: /: all (\d+) operations stopped within (.+)/,
      holds: (f, [all, within]) =>
        f.rows('operations').length === Number(all) &&
        f.rows('operations').every(stoppedOnTime) &&
        ms(max(f.column('operations', 'ranOnMs'))) === within,
    },
    {
      says: /: (\d+) operations? ran on for (.+) in total/,
      holds: (f, [many, total]) =>
        f.rows('operations').filter((row) => !stoppedOnTime(row)).length === Number(many) &&
        ms(f.number('ranOnMs')) === total &&
        Math.abs(sum(f.column('operations', 'ranOnMs')) - f.number('ranOnMs')) < 0.01,
    },
    {
      says: /a client that stayed waited (.+)/,
      holds: (f, [waited]) => f.text('client') === 'stays' && ms(f.number('waitedMs')) === waited,
    },
    {
      says: /(\d+) of \d+ were stopped: the wait of the client is bounded/,
      holds: (f, [stopped]) =>
        f.rows('operations').filter(endedBySignal).length === Number(stopped) && f.number('timeoutMs') > 0,
    },
    { says: /None was stopped/, holds: (f) => !f.rows('operations').some(endedBySignal) },
    // No signal stops anything, and the client's signal stops nothing for a client that stays.
    { says: /^No signal: /, holds: (f) => !f.rows('operations').some(endedBySignal) },
  ],
  'abort/listeners': [
    {
      says: / kept (\d+) of (\d+) finished request/,
      holds: (f, [kept, all]) =>
        f.number('requestsKept') === Number(kept) && f.number('requests') === Number(all),
    },
    {
      says: /a leak that grows with each request/,
      holds: (f) => f.text('way') === 'add' && f.number('requestsKept') > f.number('requests') / 10,
    },
    { says: /the signal refers to none of them/, holds: (f) => f.number('listenersLeft') === 0 },
    {
      says: /it stops (\d+) of (\d+) running requests/,
      holds: (f, [stopped, all]) => f.number('stopped') === Number(stopped) && stopped === all,
    },
  ],
  'timers/interval': [
    {
      says: / ran up to (\d+) handlers at once/,
      holds: (f, [many]) =>
        f.text('way') === 'interval' && f.number('maxAtOnce') === Number(many) && Number(many) > 1,
    },
    { says: / was (.+) late after \d+ ticks/, holds: (f, [late]) => ms(f.number('driftMs')) === late },
    { says: / was (.+) early after \d+ ticks/, holds: (f, [early]) => ms(-f.number('driftMs')) === early },
    { says: /: delays add up/, holds: (f) => f.number('driftMs') - f.number('driftHalfwayMs') > 1 },
    { says: /delays did not add up/, holds: (f) => f.number('driftMs') - f.number('driftHalfwayMs') <= 2.1 },
    { says: /No handler overlapped/, holds: (f) => f.number('maxAtOnce') <= 1 },
    { says: /It left out (\d+) tick/, holds: (f, [skipped]) => f.number('skipped') === Number(skipped) },
    {
      says: /(\d+) ticks? were due: (\d+) were lost/,
      holds: (f, [due, lost]) =>
        f.number('dueWhileBlocked') === Number(due) &&
        f.number('lost') === Number(lost) &&
        f.number('blockedMs') >= Number(due) * f.number('everyMs') &&
        Number(lost) <= Number(due),
    },
    { says: /was not blocked long enough/, holds: (f) => f.number('dueWhileBlocked') < 2 },
  ],
  'timers/unref': [
    {
      says: /^(\d+) of (\d+) processes ended before their timer/,
      holds: (f, [early, all]) =>
        f.rows('timers').length === Number(all) &&
        f.rows('timers').filter((row) => row.number('active') === 0 && row.number('fired') === 0).length ===
          Number(early),
    },
    { says: /^This run does not tell/, holds: nothing },
    {
      says: /"([^"]+)" ended with code (\d+)/,
      holds: (f, [timer = '', code]) => f.row('timers', 'timer', timer).number('code') === Number(code),
    },
    {
      says: /"([^"]+)" still ran when it was killed, and had fired (\d+)/,
      holds: (f, [timer = '', fired]) =>
        f.row('timers', 'timer', timer).text('outcome') === 'kept running' &&
        f.row('timers', 'timer', timer).number('fired') === Number(fired),
    },
  ],
  'non-blocking/many': [
    {
      says: /^forEach returned with (\d+) of (\d+) calls? finished/,
      holds: (f, [finished, all]) =>
        f.number('finishedAtReturn') === Number(finished) && Number(finished) < Number(all),
    },
    {
      says: / sent (\d+) calls at once: (\d+) of (\d+) were refused/,
      holds: (f, [sent, refused, all]) =>
        f.number('maxAtOnce') === Number(sent) &&
        f.number('refused') === Number(refused) &&
        Number(sent) > f.number('takesAtOnce') &&
        f.number('served') + f.number('refused') === Number(all),
    },
    {
      says: / served all (\d+) calls? in (.+)/,
      holds: (f, [all, took]) =>
        f.number('served') === Number(all) &&
        f.number('calls') === Number(all) &&
        f.number('maxAtOnce') <= f.number('takesAtOnce') &&
        ms(f.number('settledMs')) === took,
    },
    { says: /No call overlapped another/, holds: (f) => f.number('maxAtOnce') === 1 },
    {
      says: /^This run does not tell: the dependency takes/,
      holds: (f) => f.number('calls') <= f.number('takesAtOnce'),
    },
  ],
  'event-loop/json': [
    {
      says: /blocked the event loop for (.+)/,
      holds: (f, [blocked]) => ms(f.number('blockedMs')) === blocked && slowestCheckMs(f) >= 50,
    },
    {
      says: /: timers at most (.+) late/,
      holds: (f, [late]) => ms(f.number('blockedMs')) === late && slowestCheckMs(f) < 50,
    },
    {
      says: /That is (.+) per MB of text/,
      holds: (f, [each]) =>
        ms(f.number('blockedMsPerMegabyte')) === each &&
        Math.abs(f.number('blockedMs') / (f.number('bytes') / 1e6) - f.number('blockedMsPerMegabyte')) < 0.1,
    },
  ],
  'event-loop/diagnose': [
    {
      says: /^Garbage collection paused the service for (.+) of the time/,
      holds: (f, [share]) => percent(now(f).number('gcShare')) === share && now(f).number('gcShare') > 0.1,
    },
    {
      says: /^The thread pool is full: fs\.stat took (.+)/,
      holds: (f, [took]) =>
        ms(now(f).number('poolMs')) === took && now(f).number('poolMs') > 2 * healthy(f).number('poolMs'),
    },
    {
      says: /^The event loop is blocked: (.+) busy/,
      holds: (f, [busy]) =>
        percent(now(f).number('utilization')) === busy &&
        now(f).number('utilization') > 0.5 &&
        now(f).number('loopDelayMs') > healthy(f).number('loopDelayMs'),
    },
    {
      says: /^The process is only (.+) busy/,
      holds: (f, [busy]) =>
        percent(now(f).number('utilization')) === busy && now(f).number('utilization') < 0.9 && isSlower(f),
    },
    { says: /^The figures show no fault/, holds: (f) => f.text('diagnosis') === 'none' },
  ],
  'worker-threads/race': [
    {
      says: /lost (.+) of all updates to a data race/,
      holds: (f, [share]) =>
        f.text('way') === 'plain' &&
        f.number('made') - f.number('counted') === f.number('lost') &&
        percent(f.number('lostShare')) === share,
    },
    {
      says: /^This run lost no update/,
      holds: (f) => f.text('way') === 'plain' && f.number('counted') === f.number('made'),
    },
    {
      says: / lost none, at ([\d.]+) ns/,
      holds: (f, [ns]) =>
        f.number('counted') === f.number('made') &&
        f.number('overlapMs') > 0 &&
        f.number('nsPerIncrement') === Number(ns),
    },
    {
      says: /^This run does not tell: the threads hardly/,
      holds: (f) => f.text('way') !== 'plain' && f.number('overlapMs') < 0.1,
    },
    { says: /did not overlap, so they could not race/, holds: (f) => f.number('overlapMs') === 0 },
  ],
};
