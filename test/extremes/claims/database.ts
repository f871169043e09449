/** What the lessons of the database claim. */
import { ms, times } from '../../../src/demos/kit/answer/units.ts';
import { max, nothing, type Claims } from '../claim.ts';

export const databaseClaims: Claims = {
  'database/lost-update': [
    {
      says: /^Read-modify-write lost (\d+) of/,
      holds: (f, [lost]) =>
        f.rows('ways')[0]?.number('lost') === Number(lost) &&
        f
          .rows('ways')
          .slice(1)
          .every((row) => row.number('lost') === 0),
    },
    { says: /^No update was lost/, holds: (f) => max(f.column('ways', 'lost')) === 0 },
    { says: /^Updates were lost by/, holds: () => false },
  ],
  'database/transaction': [
    {
      says: /^Without a transaction (.+) disappeared; with one, nothing/,
      holds: (f) =>
        f.part('separate').number('missingCents') === f.number('amountCents') &&
        f.part('transaction').number('missingCents') === 0,
    },
  ],
  'database/pages': [
    {
      says: /^Offset pages repeated (\d+) rows? and missed (\d+)/,
      holds: (f, [twice, missed]) =>
        f.part('offset').number('seenTwice') === Number(twice) &&
        f.part('offset').number('missed') === Number(missed) &&
        Number(twice) + Number(missed) > 0,
    },
    {
      says: /^Offset pages lost and repeated no more/,
      holds: (f) =>
        f.part('offset').number('seenTwice') + f.part('offset').number('missed') <=
        f.part('keyset').number('seenTwice') + f.part('keyset').number('missed'),
    },
    { says: /While others (?:inserted|deleted) rows/, holds: (_f, _g, query) => query.number('changed') > 0 },
  ],
  'database/queue': [
    {
      says: /^Skip locked took (.+), plain locks (.+)/,
      holds: (f) =>
        f.row('ways', 'way', 'skip-locked').number('totalMs') <
          f.row('ways', 'way', 'for-update').number('totalMs') &&
        f.row('ways', 'way', 'skip-locked').number('doneAgain') === 0,
    },
    {
      says: /brought no advantage/,
      holds: (f) =>
        f.row('ways', 'way', 'skip-locked').number('totalMs') >=
        f.row('ways', 'way', 'for-update').number('totalMs'),
    },
  ],
  'database/cancel': [
    {
      says: /^The abandoned query ran on for (.+), canceled for (.+)/,
      holds: (f) =>
        f.part('canceled').number('ranOnMs') < f.part('ignored').number('ranOnMs') &&
        f.part('canceled').text('ended') === 'canceled',
    },
    { says: /^Canceling saved nothing/, holds: nothing },
  ],
  'database/notify': [
    {
      says: /^Notifications arrived (.+) sooner/,
      holds: (f) => f.part('listening').number('meanLatencyMs') < f.part('polling').number('meanLatencyMs'),
    },
    {
      says: /^Polling was as fast/,
      holds: (f) => f.part('listening').number('meanLatencyMs') >= f.part('polling').number('meanLatencyMs'),
    },
  ],
  'database/outbox': [
    {
      says: /^Two writes lost (\d+) message/,
      holds: (f, [lost]) =>
        f.part('twoWrites').number('lost') === Number(lost) && f.part('outbox').number('lost') === 0,
    },
    { says: /^Without a crash/, holds: (f) => f.part('twoWrites').number('crashes') === 0 },
    { says: /lost no message either way/, holds: (f) => f.part('twoWrites').number('lost') === 0 },
    { says: /^The outbox lost/, holds: () => false },
  ],
  'database/index': [
    {
      says: /^(\d+) pages without an index, (\d+) with one, (\d+) if it covers/,
      holds: (f, figures) =>
        ['seq', 'index', 'covering'].every(
          (scan, i) =>
            f.part(scan).number('buffersHit') + f.part(scan).number('buffersRead') === Number(figures[i]),
        ) && Number(figures[0]) > Number(figures[1]),
    },
    { says: /fewer pages; none covered|^The index saved nothing/, holds: nothing },
  ],
  'database/parameters': [
    {
      says: /^Concatenated: (.+); as a parameter: (\d+) rows?/,
      holds: (f, [, rows]) =>
        f.part('parameter').number('rows') === Number(rows) &&
        (!f.part('concatenated').has('rows') ||
          f.part('concatenated').number('otherRows') > 0 ||
          f.part('concatenated').number('rows') !== Number(rows)),
    },
    {
      says: /this input changed nothing/,
      holds: (f) => f.part('concatenated').number('rows') === f.part('parameter').number('rows'),
    },
    { says: /^The parameter changed the statement/, holds: () => false },
  ],
  'database/prepared': [
    {
      says: /^The named statement was (.+) as fast: (\d+) runs reused a plan/,
      holds: (f, [faster, reused]) =>
        times(f.number('timesFaster')) === faster &&
        f.part('named').number('reusedPlans') === Number(reused) &&
        f.part('named').number('totalMs') < f.part('unnamed').number('totalMs'),
    },
    { says: /^Naming the statement made no difference|^The server reused no plan/, holds: nothing },
  ],
  'database/n-plus-one': [
    {
      says: /^(\d+) statements took (.+) as long as (\d+)/,
      holds: (f, [many, ratio]) =>
        f.part('loop').number('statements') === Number(many) &&
        times(
          f.part('loop').number('totalMs') /
            Math.min(f.part('join').number('totalMs'), f.part('any').number('totalMs')),
        ) === ratio,
    },
    { says: /took no longer than|^One way sent/, holds: nothing },
    { says: /did not find the same orders/, holds: () => false },
  ],
  'database/cursor': [
    { says: /are too few to tell/, holds: (f) => f.number('bytes') < 10_000_000 },
    {
      says: /^A stalled client stopped the query/,
      holds: (f) => f.number('rowsWhileStalled') < f.number('rows'),
    },
    {
      says: /were in memory for a stalled client/,
      holds: (f) => f.number('rowsWhileStalled') === f.number('rows'),
    },
  ],
  'database/pool': [
    {
      says: /^(\d+) connections were (.+) as fast as (\d+)/,
      holds: (f, [many, ratio, four]) =>
        times(
          f.row('ways', 'connections', Number(four)).number('totalMs') /
            f.row('ways', 'connections', Number(many)).number('totalMs'),
        ) === ratio,
    },
    {
      says: /^From (\d+) to (\d+) connections: (.+) as fast; to/,
      holds: (f, [one, four, ratio]) =>
        f.number('statements') >= Number(four) &&
        times(
          f.row('ways', 'connections', Number(one)).number('totalMs') /
            f.row('ways', 'connections', Number(four)).number('totalMs'),
        ) === ratio,
    },
    {
      says: /cannot use (\d+) connections/,
      holds: (f, [connections]) => f.number('statements') < Number(connections),
    },
  ],
  'database/migrate-lock': [
    {
      says: /^A waiting migration delayed selects by (.+), retries by (.+)/,
      holds: (f, [waits, retries]) =>
        ms(f.part('waits').number('slowestSelectMs')) === waits &&
        ms(f.part('retries').number('slowestSelectMs')) === retries &&
        f.part('waits').number('slowestSelectMs') > f.part('retries').number('slowestSelectMs'),
    },
    { says: /^Waiting and retrying delayed selects alike/, holds: nothing },
  ],
  'database/sqlite': [
    {
      says: /^SQLite on the event loop delayed a timer by (.+)/,
      holds: (f, [delay]) =>
        ms(f.rows('places')[0]?.number('timerMaxDelayMs') ?? NaN) === delay &&
        (f.rows('places')[0]?.number('timerMaxDelayMs') ?? NaN) >
          (f.rows('places')[0]?.number('workMs') ?? NaN) / 2,
    },
    { says: /too short to block/, holds: nothing },
    {
      says: /^No place blocked/,
      holds: (f) =>
        f.rows('places').every((row) => row.number('timerMaxDelayMs') <= row.number('workMs') / 2),
    },
    {
      says: /^The event loop was blocked by/,
      holds: (f) => f.rows('places').some((row) => row.number('timerMaxDelayMs') > row.number('workMs') / 2),
    },
  ],
};
