/** What the lessons of sockets, HTTP clients and servers, resilience and the distribution of connections claim. */
import { bytes, ms, percent, times } from '../../../src/demos/kit/answer/units.ts';
import { max, sum, type Claims } from '../claim.ts';
import type { Figures } from '../figures.ts';

const load = (f: Figures, name: string) => f.row('loads', 'load', name);
const served = (row: Figures) => row.list('perWorker') as readonly number[];

export const networkClaims: Claims = {
  'net/framing': [
    {
      says: /: (\d+) of (\d+) messages? were right/,
      holds: (f, [right, all]) =>
        f.number('right') === Number(right) &&
        f.number('messages') === Number(all) &&
        // Framing delivers every message, however the chunks came; a chunk alone does not.
        (f.text('way') === 'data' ? Number(right) < Number(all) : right === all),
    },
    {
      says: /arrived in (\d+) data events?: (\d+) held parts of several messages/,
      holds: (f, [events, merged]) =>
        f.number('dataEvents') === Number(events) &&
        f.number('merged') === Number(merged) &&
        Number(merged) <= Number(events),
    },
    { says: /kept what was incomplete/, holds: (f) => f.number('right') === f.number('messages') },
    {
      says: /took (\d+) pieces for messages/,
      holds: (f, [pieces]) => f.number('decoded') === Number(pieces) && f.text('way') === 'data',
    },
    {
      says: /^This run does not tell: every message arrived on its own/,
      holds: (f) =>
        f.number('merged') + f.number('split') === 0 && f.number('dataEvents') === f.number('messages'),
    },
  ],
  'net/no-delay': [
    {
      says: /^Two small writes took (.+) as long without noDelay/,
      holds: (f, [ratio]) => {
        const [plain = NaN, ...others] = f.column('ways', 'medianMs');
        return times(plain / max(others)) === ratio && plain > 2 * max(others);
      },
    },
    {
      says: /^This run does not tell: no write waited/,
      holds: (f) => {
        const [plain = NaN, ...others] = f.column('ways', 'medianMs');
        return plain <= 10 * max(others);
      },
    },
  ],
  'net/half-open': [
    {
      says: /^(.+) lost the reply to a client that had ended/,
      holds: (f, [lossy]) =>
        f
          .rows('ways')
          .filter((row) => row.number('receivedBytes') < f.number('replyBytes'))
          .map((row) => `allowHalfOpen=${row.is('allowHalfOpen')}`)
          .join(', ') === lossy && lossy === 'allowHalfOpen=false',
    },
    {
      says: /^This run does not tell: no reply was lost/,
      holds: (f) =>
        f.rows('ways').some((row) => !row.is('allowHalfOpen')) &&
        f.rows('ways').every((row) => row.number('receivedBytes') === f.number('replyBytes')),
    },
  ],
  'http/client': [
    {
      says: /without keep-alive made (\d+) connection/,
      holds: (f, [made]) =>
        f.rows('runs')[0]?.number('made') === Number(made) && Number(made) >= f.number('calls'),
    },
    {
      says: /^Bodies that were not read held (\d+) connections? open/,
      holds: (f, [open]) =>
        f.row('runs', 'connections', 'unread').number('open') === Number(open) &&
        Number(open) > f.number('calls') / 2,
    },
    {
      says: /^Bodies of (.+) that were not read held few/,
      holds: (f, [size]) =>
        bytes(f.number('bytes')) === size &&
        f.row('runs', 'connections', 'unread').number('open') <= f.number('calls') / 2,
    },
    {
      says: /^(\d+) kept connections?: new ones take (.+) as long/,
      holds: (f, [made, ratio]) => {
        const [fresh, kept] = f.rows('runs');
        return (
          kept?.number('made') === Number(made) &&
          Number(made) < f.number('calls') &&
          times((fresh?.number('perCallMs') ?? NaN) / kept.number('perCallMs')) === ratio
        );
      },
    },
    {
      says: /saved no time in this run/,
      holds: (f) => {
        const [fresh = NaN, kept = NaN] = f.column('runs', 'perCallMs');
        return fresh < 1.11 * kept;
      },
    },
  ],
  'http/drain': [
    {
      says: /^(server\.close\(\) alone|Settling first) lost (\d+) of (\d+) request/,
      holds: (f, [way, lost, all]) =>
        (way === 'Settling first') === (f.text('way') === 'settle') &&
        f.number('lost') === Number(lost) &&
        f.number('requests') === Number(all) &&
        f.number('refused') + f.number('reset') === f.number('lost') &&
        f.number('servedByStopping') + f.number('servedByOther') + f.number('lost') ===
          f.number('requests') &&
        (f.text('way') === 'close' || Number(lost) === 0),
    },
    {
      says: /(\d+) connections? that clients keep (?:was|were) still open/,
      holds: (f, [open]) => f.number('stillOpen') === Number(open) && !f.has('closedMs'),
    },
    { says: /^This run does not tell: the balancer/, holds: (f) => !(f.number('noticedMs') <= 300) },
  ],
  'http/double-charge': [
    {
      says: /^(.+): every order was charged once/,
      holds: (f) =>
        f.number('charges') === f.number('orders') &&
        f.number('chargedTwice') === 0 &&
        f.number('attempts') > f.number('orders'),
    },
    {
      says: /: (\d+) of (\d+) orders? charged more than once/,
      holds: (f, [twice, orders]) =>
        f.number('chargedTwice') === Number(twice) &&
        f.number('orders') === Number(orders) &&
        f.number('charges') >= Number(orders) + Number(twice) &&
        f.text('way') !== 'key',
    },
    { says: /^A key stored first/, holds: (f) => f.number('replayed') > 0 && f.number('chargedTwice') === 0 },
    { says: /^Retries without a key/, holds: (f) => f.number('charges') === f.number('attempts') },
    { says: /A used key with another order received (\d+)/, holds: (_f, [status]) => status === '422' },
    {
      says: /^This run does not tell: no retry came during/,
      holds: (f) => f.text('way') === 'late' && f.number('chargedTwice') === 0,
    },
    {
      says: /^This run does not tell: no response was lost/,
      holds: (f) => f.number('responsesLost') + f.number('timedOut') === 0,
    },
  ],
  'http/lost-update': [
    {
      says: /, (\d+) of (\d+) confirmed lines are lost/,
      holds: (f, [lost, confirmed]) =>
        f.number('confirmed') - f.number('linesAtEnd') === Number(lost) &&
        f.number('confirmed') === Number(confirmed) &&
        f.text('way') !== 'if-match',
    },
    {
      says: /^With If-Match, all (\d+) confirmed lines are in the list/,
      holds: (f, [confirmed]) =>
        f.number('linesAtEnd') === Number(confirmed) &&
        f.number('conflicts') > 0 &&
        f.number('withoutIfMatch') === 428,
    },
    { says: /of which (\d+) received 412/, holds: (f, [many]) => f.number('conflicts') === Number(many) },
    { says: /^Without a condition/, holds: (f) => f.number('conflicts') === 0 },
    { says: /^This run does not tell: one client/, holds: (f) => f.number('clients') === 1 },
  ],
  'http/waiting': [
    {
      says: /: (\d+) requests in (.+), (\d+) waiting at once/,
      holds: (f, [clients, total, atOnce]) => {
        const limit = { wait: f.number('clients'), block: 1, threads: 8 }[f.text('way')] ?? NaN;
        const rounds = Math.ceil(f.number('clients') / limit);
        return (
          f.number('maxAtOnce') === Number(atOnce) &&
          Number(atOnce) <= limit &&
          f.number('clients') === Number(clients) &&
          ms(f.number('totalMs')) === total &&
          // Requests that wait in turn wait for those before them as well.
          f.number('totalMs') >= 0.9 * rounds * f.number('waitMs')
        );
      },
    },
    {
      says: /^Asynchronous: /,
      holds: (f) => f.number('maxAtOnce') > 8 || f.number('clients') <= 8 || f.number('waitMs') < 50,
    },
    {
      says: /one after another they would take (.+): this was (.+) as fast/,
      holds: (f, [serial, gain]) =>
        ms(f.number('clients') * f.number('waitMs')) === serial &&
        times((f.number('clients') * f.number('waitMs')) / f.number('totalMs')) === gain,
    },
    { says: /^This run does not tell: one request waits/, holds: (f) => f.number('clients') === 1 },
  ],
  'http/cookies': [
    {
      says: /^This is visit (\d+), counted by the client/,
      holds: (f, [visit]) =>
        f.number('visitsNow') === Number(visit) && f.number('visitsReceived') === Number(visit) - 1,
    },
    {
      says: /^This counts as the first visit/,
      holds: (f) => f.number('visitsNow') === 1 && !f.list('received').includes('visits'),
    },
    {
      says: /^The count was invalid and restarts at 1/,
      holds: (f) =>
        f.number('visitsNow') === 1 && !f.has('visitsReceived') && f.list('received').includes('visits'),
    },
  ],
  'resilience/retry': [
    {
      says: /^Without retries (\d+) calls? failed/,
      holds: (f, [failed]) =>
        f.text('policy') === 'none' &&
        f.number('lostCalls') === Number(failed) &&
        Number(failed) >= f.number('clients'),
    },
    {
      says: /^(.+): (\S+×) the usual load/,
      holds: (f, [, ratio]) => f.text('policy') !== 'none' && times(f.number('peakRatio')) === ratio,
    },
    {
      says: /, recovered in (.+)/,
      holds: (f, [recovered]) => ms(f.number('recoveredMs')) === recovered,
    },
    { says: / none failed in the end|and none failed/, holds: (f) => f.number('lostCalls') === 0 },
    { says: /^This run does not tell: not every/, holds: (f) => f.number('cutCalls') < f.number('clients') },
  ],
  'resilience/slow-dependency': [
    {
      says: /: calls to the healthy dependency took (.+) \(p99\)/,
      holds: (f, [p99]) =>
        ms(f.part('healthy').number('p99Ms')) === p99 &&
        f.part('healthy').number('p99Ms') >= f.part('healthy').number('medianMs'),
    },
    {
      says: /^Without a guard: /,
      holds: (f) =>
        f.part('hanging').number('timedOut') === 0 &&
        f.part('hanging').number('spared') === 0 &&
        f.part('healthy').number('p99Ms') > 2 * f.part('healthy').number('usualMs'),
    },
    { says: /^Timeout: /, holds: (f) => f.part('hanging').number('timedOut') > 0 },
    { says: /^(?:Bulkhead|Circuit breaker): /, holds: (f) => f.part('hanging').number('spared') > 0 },
    {
      says: /(\d+) were rejected without a call/,
      holds: (f, [spared]) => f.part('hanging').number('spared') === Number(spared),
    },
    {
      says: /^This run does not tell: calls were slow/,
      holds: (f) => f.part('healthy').number('usualMs') > 100,
    },
  ],
  'cluster/gain': [
    {
      says: /^Requests that \w+: (\d+) workers served (.+) as many as one/,
      holds: (f, [workers, gain]) =>
        f.rows('clusters')[1]?.number('workers') === Number(workers) &&
        times(f.number('gain')) === gain &&
        (f.rows('clusters')[1]?.number('perSecond') ?? NaN) >
          1.1 * (f.rows('clusters')[0]?.number('perSecond') ?? NaN) &&
        f.text('work') === 'cpu',
    },
    { says: /workers gained little over one/, holds: (f) => f.number('gain') < 1.3 },
    { says: /One event loop waits for all/, holds: (f) => max(f.column('clusters', 'coresUsed')) < 0.8 },
    {
      says: /more workers than that/,
      holds: (f) => (f.rows('clusters')[1]?.number('workers') ?? NaN) > f.number('coresUsable'),
    },
    {
      says: /^This run does not tell: the machine was too busy/,
      holds: (f) => f.text('work') === 'wait' || (f.rows('clusters')[0]?.number('coresUsed') ?? NaN) < 0.8,
    },
  ],
  'cluster/scheduling': [
    {
      says: /^The busiest of (\d+) workers served (.+); a paused primary stopped (none|all|\d+)/,
      holds: (f, [workers, share, stopped]) => {
        const { connections, answered } = {
          connections: f.part('pausedPrimary').number('connections'),
          answered: f.part('pausedPrimary').number('answered'),
        };
        const lost = stopped === 'none' ? 0 : stopped === 'all' ? connections : Number(stopped);
        return (
          f.number('workers') === Number(workers) &&
          percent(load(f, 'many').number('largestShare')) === share &&
          connections - answered === lost &&
          (f.text('policy') === 'round-robin' || lost === 0)
        );
      },
    },
    {
      says: /workers? (.+?) of (\d+) connections that came one at a time/,
      holds: (f, [few, all]) =>
        served(load(f, 'few')).join(', ') === few?.replace(/^gave the /, '') &&
        sum(served(load(f, 'few'))) === Number(all),
    },
    {
      says: /an even share is (\S+%)/,
      holds: (f, [even]) => percent(1 / f.number('workers')) === even,
    },
    { says: /^Nothing was measured/, holds: () => false },
  ],
};
