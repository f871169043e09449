/** The parts of the page that need no browser. */
import { describe, expect, test } from '@jest/globals';
import { Catalogue, shortPath } from '../../src/web/client/catalogue.ts';
import { firstDraft, fromLink, isWrongOnPurpose, toLink } from '../../src/web/client/draft.ts';
import { describeEvent } from '../../src/web/client/event-words.ts';
import { age, bytes, digits, figure, ms, plain, words } from '../../src/web/client/format.ts';
import { History } from '../../src/web/client/history.ts';
import type {
  LiveView,
  PageExample,
  PageFeature,
  PageRoute,
  WorkerCard,
} from '../../src/web/client/shapes.ts';

const route: PageRoute = {
  method: 'POST',
  path: '/demos/things/:id',
  summary: 'A thing.',
  danger: false,
  contrasts: [],
  evidence: true,
  meanings: {},
  params: { properties: { id: { type: 'string' } } },
  query: { properties: { size: { type: 'integer', default: 5 }, as: { enum: ['json', 'text'] } } },
  body: { type: 'object' },
  examples: [{ title: 'One', params: { id: 'one' }, query: { as: 'text' }, body: { a: 1 } }],
};

describe('a draft', () => {
  test('begins as the first example, in the form that can be drawn', () => {
    expect(firstDraft(route)).toEqual({
      method: 'POST',
      form: 'json',
      params: { id: 'one' },
      query: { size: '5' },
      headers: {},
      body: '{\n  "a": 1\n}',
      upload: undefined,
    });
  });

  test('becomes a link and the link becomes the draft', () => {
    const draft = { ...firstDraft(route), form: 'text' as const, body: '{"a":"ä&?#"}' };
    draft.params['id'] = 'two/three';
    draft.query['size'] = '7';
    const link = toLink('/demos/things/:id', route, draft);
    expect(fromLink(route, new URLSearchParams(link.split('?')[1]))).toEqual(draft);
    expect(toLink('/demos/things/:id', route, firstDraft(route))).toBe('#/demos/things/:id');
  });

  test('has a field for each header that the route reads or an example sends', () => {
    const headed: PageRoute = {
      ...route,
      headers: { properties: { 'if-match': { type: 'string' }, 'idempotency-key': { type: 'string' } } },
      examples: [{ title: 'One', headers: { 'If-Match': '"1"' } }],
    };
    const draft = firstDraft(headed);
    expect(draft.headers).toEqual({ 'If-Match': '"1"', 'Idempotency-Key': '' });
    draft.headers['Idempotency-Key'] = 'a key';
    const link = toLink('/demos/things/:id', headed, draft);
    expect(fromLink(headed, new URLSearchParams(link.split('?')[1]))).toEqual(draft);
  });

  test('asks for the answer of the route itself where an example is about its headers or its status', () => {
    const media = { mediaType: 'text/plain', description: 'A part' };
    const form = (example: PageExample) => firstDraft({ ...route, media, examples: [example] }).form;
    expect(form({ title: 'A part', headers: { Range: 'bytes=0-1' } })).toBe('raw');
    expect(form({ title: 'Refused', status: 416 })).toBe('raw');
    expect(form({ title: 'As text', query: { as: 'text' } })).toBe('json');
  });

  test('is wrong on purpose only as an example has it that is to be refused', () => {
    const refused: PageRoute = {
      ...route,
      examples: [{ title: 'Wrong', query: { size: 'big' }, status: 400 }],
    };
    const draft = firstDraft(refused);
    expect(isWrongOnPurpose(refused, draft)).toBe(true);
    draft.query['size'] = 'bigger';
    expect(isWrongOnPurpose(refused, draft)).toBe(false);
    expect(isWrongOnPurpose(route, firstDraft(route))).toBe(false);
  });

  test('ignores what a link names and the route does not know', () => {
    expect(fromLink(route, new URLSearchParams('nonsense=1&:other=2&@form=png&@headers={'))).toEqual(
      firstDraft(route),
    );
    expect(fromLink(route, new URLSearchParams('toString=1&:constructor=2&@method=BREW&@upload=5'))).toEqual(
      firstDraft(route),
    );
  });

  test.each(['-1', '1.5', '1e11', 'null', '{}', 'x'])('takes no upload of %s', (upload) => {
    const streamed: PageRoute = {
      ...route,
      stream: { mediaType: 'application/octet-stream', description: 'Bytes' },
    };
    const draft = fromLink(streamed, new URLSearchParams({ '@upload': upload }));
    expect(draft).toEqual(firstDraft(streamed));
    expect(fromLink(streamed, new URLSearchParams({ '@upload': '500' })).upload).toBe(500);
  });
});

describe('figures', () => {
  test.each([
    ['peakMemoryBytes', 4_750_000, '4.75 MB'],
    ['bytesPerSecond', 51_500_000, '51.5 MB/s'],
    ['firstByteMs', 12.345, '12.3 ms'],
    ['lastByteMs', 12_345, '12.3 s'],
    ['utilization', 0.987, '98.7 %'],
    ['primes', 142_337, '142,337'],
    ['pid', 23_308, '23308'],
    ['uptimeS', 3, '3 s'],
  ])('%s of %d is %s', (name, value, expected) => {
    expect(plain(figure(name, value))).toBe(expected);
  });

  test('have names in words, without the unit', () => {
    expect(['peakMemoryBytes', 'bytesPerSecond', 'firstByteMs', 'ms'].map(words)).toEqual([
      'peak memory',
      'bytes rate',
      'first byte',
      'ms',
    ]);
  });

  test('have as many digits as a person reads', () => {
    expect([0, 0.0123, 1.5, 12.34, 1234.5].map(digits)).toEqual(['0', '0.012', '1.50', '12.3', '1,235']);
    expect([plain(bytes(999)), plain(ms(0.5)), age(59), age(61), age(7_300)]).toEqual([
      '999 B',
      '0.50 ms',
      '59 s',
      '1 min',
      '2 h 1 min',
    ]);
  });
});

describe('the history of a place', () => {
  const card = (id: number, total: number, silentMs = 0) =>
    ({
      id,
      slot: 0,
      silentMs,
      report: { requests: { total }, vitals: { eventLoop: {} } },
    }) as unknown as WorkerCard;
  const at = (ms: number) => ({ at: ms }) as LiveView;

  test('measures requests a second between heartbeats, whenever it is looked at', () => {
    const history = new History();
    history.add(card(1, 100), at(0));
    history.add(card(1, 110), at(1_000));
    history.add(card(1, 110, 1_000), at(2_000));
    history.add(card(1, 140), at(3_000));
    expect(history.samples.map(({ rate }) => rate)).toEqual([undefined, 10, 10, 15]);
  });

  test('marks where another worker takes over, and has a gap while nobody is heard', () => {
    const history = new History();
    history.add(card(1, 100), at(0));
    history.add(card(1, 100, 9_000), at(9_000));
    history.add(undefined, at(10_000));
    history.add(card(2, 0), at(11_000));
    expect(history.samples.map(({ replaced }) => replaced)).toEqual([false, false, false, true]);
    expect(history.samples[1]?.utilization).toBeUndefined();
  });
});

test('what is sought is found, and the route of that name is the best of it', () => {
  const named = (path: string, summary: string) => ({ ...route, path: `/demos/things${path}`, summary });
  const feature: PageFeature = {
    id: 'things',
    kind: 'demo',
    title: 'Things',
    summary: '',
    practices: [],
    routes: [named('/one', 'Speaks of a block.'), named('/unblock', ''), named('/block', '')],
  };
  const catalogue = new Catalogue({ name: '', version: '', features: [feature] });
  const paths = (words: string) => catalogue.search(words).map(shortPath);
  expect(paths('block')).toEqual(['/one', '/unblock', '/block']);
  expect(paths('things speaks')).toEqual(['/one']);
  expect(['block', 'unbl', 'speaks', 'nothing'].map((words) => catalogue.best(words)?.route.path)).toEqual([
    '/demos/things/block',
    '/demos/things/unblock',
    '/demos/things/one',
    undefined,
  ]);
});

test('an event is a sentence in the words of the log', () => {
  expect(
    describeEvent({ at: '', event: 'replaced', worker: 4, replacedWorker: 2, pid: 7, afterMs: 512 }),
  ).toEqual({
    tone: 'good',
    what: 'Worker 4 replaced worker 2',
    why: 'pid 7 · after 512 ms',
  });
  expect(
    describeEvent({ at: '', event: 'crashed', worker: 2, pid: 5, code: 80, signal: null }),
  ).toMatchObject({
    tone: 'bad',
    what: 'Worker 2 crashed',
  });
});
