/** What the lessons of HTTP, middleware, security, caches, the cluster, the language and the myths claim. */
import { ms, times } from '../../../src/demos/kit/answer/units.ts';
import { nothing, sum, type Claims } from '../claim.ts';
import type { Figures } from '../figures.ts';

const foreignPages = ['stranger', 'lookalike', 'longer', 'sandboxed'];

const lettingForeignPagesIn = (cells: Figures) => foreignPages.some((page) => cells.is(page));

export const serviceClaims: Claims = {
  'http/redirect': [
    {
      says: /^A POST redirected with (\d+) arrived as a (\w+)/,
      holds: (f, [status, method]) =>
        f.number('status') === Number(status) &&
        f.part('arrived').text('method') === method &&
        (method === 'POST') === ['307', '308'].includes(status ?? ''),
    },
  ],
  'middleware/order': [
    {
      says: /^(\d+) layers? ran in (.+); (.+) took longest/,
      holds: (f, [layers, total, slowest]) =>
        f.rows('layers').length === Number(layers) &&
        ms(f.number('totalMs')) === total &&
        f.text('slowest') === slowest,
    },
    { says: /^No layer was recorded/, holds: (f) => f.rows('layers').length === 0 },
  ],
  'middleware/cost': [
    {
      says: /^One heavy layer cost (.+) as much as an empty one/,
      holds: (f, [ratio]) => {
        const plain = f.row('stacks', 'stack', 'call next');
        const [, , , heavy] = f.rows('stacks');
        return (
          times(((heavy?.number('addedNs') ?? NaN) * plain.number('layers')) / plain.number('addedNs')) ===
            ratio && plain.number('addedNs') > 2 * f.number('noiseNs')
        );
      },
    },
    {
      says: /^This run does not tell: the layers cost less/,
      holds: (f) => f.row('stacks', 'stack', 'call next').number('addedNs') <= 3 * f.number('noiseNs'),
    },
  ],
  'security/passwords': [
    {
      says: /^Hashing blocked the event loop for/,
      holds: (f) => f.number('timerTicks') === 0 && f.number('eventLoopMaxDelayMs') >= 50,
    },
    {
      says: /^Hashing delayed the event loop by at most (.+)/,
      holds: (f, [delay]) => ms(f.number('eventLoopMaxDelayMs')) === delay,
    },
    {
      says: /the duration reveals which users exist/,
      holds: (f) => f.number('unknownUserMs') < f.number('wrongPasswordMs') / 2,
    },
  ],
  'security/tokens': [
    {
      says: /^Decoding accepted (\d+) of (\d+) forged tokens, verifying (\d+)/,
      holds(f, [decoded, forged, verified]) {
        const rows = f.rows('rows').slice(1); // the first one is genuine
        const count = (way: string) => String(rows.filter((row) => row.is(way)).length);
        return (
          count('decoded') === decoded && String(rows.length) === forged && count('verified') === verified
        );
      },
    },
    {
      says: /The genuine one was accepted/,
      holds: (f) => f.rows('rows')[0]?.is('verified') === true,
    },
  ],
  'security/sessions': [
    {
      says: /^After log-out the token worked for (.+), the session never again/,
      holds(f, [worked]) {
        const token = f.row('rows', 'way', 'token');
        return (
          f.rows('rows').every((row) => row.is('acceptedBefore')) &&
          token.number('accepted') > 0 &&
          ms(token.number('workedMs')) === worked &&
          f.row('rows', 'way', 'session').number('accepted') === 0
        );
      },
    },
    {
      says: /^This run does not tell: the token ended/,
      holds: (f) =>
        f.row('rows', 'way', 'token').number('accepted') === 0 ||
        f.rows('rows').some((row) => !row.is('acceptedBefore')),
    },
    { says: /should be impossible/, holds: () => false },
  ],
  'security/unknown-user': [
    {
      says: /^Returning early revealed accounts by (.+), hashing anyway did not/,
      holds(f, [ratio]) {
        const [early, , anyway] = f.rows('rows');
        return (
          times(early?.number('ratio') ?? NaN) === ratio &&
          (early?.number('knownMs') ?? NaN) > 1.5 * (early?.number('unknownMs') ?? NaN) &&
          (anyway?.number('ratio') ?? NaN) <= 1.5
        );
      },
    },
    {
      says: /^This run does not tell: something else/,
      holds: (f) => f.rows('rows')[2]?.is('reveals') === true,
    },
    { says: /^This run does not tell: even/, holds: (f) => f.rows('rows')[0]?.is('reveals') === false },
  ],
  'security/timing': [
    {
      says: /revealed where a guess was wrong/,
      holds: (f) =>
        f
          .rows('rows')
          .some(
            (row) =>
              row.is('leaks') && Math.abs(row.number('differenceNs')) > 2 * Math.abs(row.number('noiseNs')),
          ),
    },
    { says: /^No comparison leaked/, holds: (f) => f.rows('rows').every((row) => !row.is('leaks')) },
  ],
  'caching/lookup': [
    { says: /^A hit took/, holds: (f) => f.text('outcome') === 'hit' },
    { says: /^A miss took/, holds: (f) => f.text('outcome') !== 'hit' },
  ],
  'caching/stampede': [
    {
      says: /^(\d+) callers? of one missing key caused (\d+) computation/,
      holds: (f, [clients, computations], query) =>
        f.number('clients') === Number(clients) &&
        f.number('computations') === Number(computations) &&
        (query.text('way') === 'each' || computations === '1'),
    },
  ],
  'cluster/distribution': [
    { says: /^Without a cluster/, holds: (f) => f.rows('workers').length === 1 },
    {
      says: /^(\d+) workers shared the requests/,
      holds: (f, [workers]) => f.rows('workers').length === Number(workers),
    },
    {
      says: /^Worker \d+ served/,
      holds: (f) =>
        f.rows('workers').length === 1 && sum(f.column('workers', 'responses')) <= f.number('requests'),
    },
  ],
  'myths/verdicts': [
    {
      says: /^(\d+) of 12 sentences did not hold/,
      holds: (f, [refuted]) =>
        f.rows('myths').filter((row) => row.text('verdict') === 'false').length === Number(refuted),
    },
  ],
  'http/anything': [{ says: /^A (\w+) arrived with/, holds: (f, [method]) => f.text('method') === method }],
  'http/delay/:ms': [
    { says: /^Waiting (.+) used at most/, holds: (f, [waited]) => ms(f.number('waitedMs')) === waited },
    { says: /waiting did not occupy a core/, holds: (f) => f.number('waitedMs') > 0 },
  ],
  'http/cache': [
    {
      says: /^(\d+) of (\d+) responses were 304/,
      holds: (f, [notModified, all]) =>
        f.rows('exchanges').length === Number(all) &&
        f.rows('exchanges').filter((row) => row.number('status') === 304).length === Number(notModified),
    },
    {
      says: /The 304 responses had 0 B of body/,
      holds: (f) =>
        f.rows('exchanges').every((row) => row.number('status') !== 304 || row.number('bodyBytes') === 0),
    },
  ],
  'middleware/short-circuit': [
    {
      says: /^(\w+) responded with (\d+); (\d+) of (\d+) layers? ran/,
      holds: (f, [who, status, ran]) =>
        f.text('answeredBy') === who &&
        f.number('status') === Number(status) &&
        f.rows('layers').filter((row) => row.is('ran')).length === Number(ran),
    },
  ],
  'security/headers': [
    {
      says: /^(\d+) security headers? on this response, (\d+) from/,
      holds: (f, [sent, bare]) =>
        f.number('sent') === Number(sent) && f.number('sentByBareServer') === Number(bare),
    },
  ],
  'security/redos': [
    {
      says: /^Each further character took (.+) as long: exponential/,
      holds: (f, [factor], query) => {
        const rows = f.rows('rows').filter((row) => row.number('matchMs') >= 0.01);
        const [first, last] = [rows[0], rows.at(-1)];
        if (first === undefined || last === undefined) return false;
        const grown = last.number('matchMs') / first.number('matchMs');
        const characters = last.number('characters') - first.number('characters');
        return query.text('pattern') === 'nested' && times(grown ** (1 / characters)) === factor;
      },
    },
    {
      says: /characters took (.+): no exponential backtracking/,
      holds: (f, _groups, query) => query.text('pattern') === 'safe' && !f.has('terminatedAtCharacters'),
    },
    {
      says: /The match of ([\d,]+) characters did not end within the limit/,
      holds: (f, [characters]) =>
        f.number('terminatedAtCharacters').toLocaleString('en') === characters &&
        // A thread of its own is what keeps the event loop free.
        f.number('eventLoopMaxDelayMs') < f.number('limitMs'),
    },
    { says: /^This run does not tell how the time grows/, holds: nothing },
  ],
  'security/cookies': [
    {
      says: /^The genuine cookie was accepted, all (\d+)/,
      holds: (f) => f.rows('checks').filter((row) => row.is('accepted')).length === 1,
    },
    { says: /should be impossible/, holds: () => false },
  ],
  'security/cors': [
    {
      says: /^(\d+) of (\d+) shortcuts let a foreign page read, the list none/,
      holds: (f, [open, shortcuts]) => {
        const [list, ...others] = f.rows('read').map(lettingForeignPagesIn);
        return (
          list === false &&
          others.length === Number(shortcuts) &&
          others.filter(Boolean).length === Number(open)
        );
      },
    },
    {
      says: /The front end could read with the exact list/,
      holds: (f) => f.rows('read')[0]?.is('frontEnd') === true,
    },
    {
      says: /Foreign pages got (\d+) DELETE request/,
      holds: (f, [deletions]) =>
        sum(f.rows('deleted').map((cells) => foreignPages.filter((page) => cells.is(page)).length)) ===
        Number(deletions),
    },
    { says: /should be impossible/, holds: () => false },
  ],
  'security/csrf': [
    {
      says: /^(\d+) of (\d+) shortcuts executed forged requests, metadata and origin none/,
      holds: (f, [open, shortcuts]) => {
        const [layer, ...others] = f.column('checks', 'forgedExecuted');
        return (
          layer === 0 &&
          others.length === Number(shortcuts) &&
          others.filter((executed) => executed > 0).length === Number(open)
        );
      },
    },
    {
      says: /No genuine request was refused/,
      holds: (f) => f.column('checks', 'genuineRefused').every((refused) => refused === 0),
    },
    {
      says: /The forged GET was executed behind the layer/,
      holds: (f) => f.rows('checks')[0]?.number('forgedGets') === 1,
    },
    { says: /should be impossible/, holds: () => false },
  ],
  'security/rate-limit': [
    {
      says: /^Request (\d+) of (\d+) in this window/,
      holds: (f, [used, limit]) => f.number('used') === Number(used) && f.number('limit') === Number(limit),
    },
  ],
  'security/prototype': [
    {
      says: /^An unguarded recursive merge set (.+) in/,
      holds: (f, [names = '']) =>
        f.rows('merges')[0]?.list('pollutes').join(', ') === names &&
        f.rows('merges').at(-1)?.list('pollutes').length === 0,
    },
    {
      says: /Without the accessor `__proto__` \(--disable-proto=delete\) it (changed nothing|did the same)/,
      holds: (f, [effect]) =>
        (f.rows('merges')[1]?.list('pollutes').length === 0) === (effect === 'changed nothing'),
    },
    { says: /^This body changed nothing/, holds: (f) => f.rows('merges')[0]?.list('pollutes').length === 0 },
    { says: /Nothing changed in this process/, holds: (f) => f.list('thisProcessPolluted').length === 0 },
  ],
  'cluster/whoami': [
    {
      says: /^Worker (\d+) sent (\d+)/,
      holds: (f, [worker, sent]) =>
        f.number('worker') === Number(worker) && f.number('responsesOfThisWorker') === Number(sent),
    },
    {
      says: /^Process (\d+) serves alone/,
      holds: (f, [pid]) => f.number('pid') === Number(pid) && !f.is('isWorker'),
    },
  ],
  'cluster/workers': [
    {
      says: /^(\d+) of (\d+) workers? ready, (\d+) replacement/,
      holds: (f, [ready, all, replaced]) =>
        f.number('ready') === Number(ready) &&
        f.rows('workers').length === Number(all) &&
        f.number('replaced') === Number(replaced),
    },
    { says: /serves alone/, holds: (f) => !f.is('clustered') },
  ],
  'language/types': [
    {
      says: /seen for (\d+) values/,
      holds: (f, [seen]) =>
        f.rows('types').filter((row) => row.is('changeSeenThroughCopy')).length === Number(seen),
    },
  ],
  'language/globals': [
    {
      says: /^Node\.js has (\d+) globals/,
      holds: (f, [globals]) => f.list('nodeOnly').length + f.list('webStandard').length === Number(globals),
    },
  ],
};
