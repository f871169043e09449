/** Drafts and requests of the page, without a browser. */
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { exampleCurl } from '../../src/manifest/curl.ts';
import { fromLink, toLink } from '../../src/web/client/request/draft-link.ts';
import { firstDraft, isInvalidOnPurpose } from '../../src/web/client/request/draft.ts';
import { prepare } from '../../src/web/client/request/prepared-request.ts';
import { sendRequest } from '../../src/web/client/request/send-request.ts';
import type { PageExample, PageRoute } from '../../src/web/page-data.ts';
import { describeForPage } from '../../src/web/page-manifest.ts';
import { useTestApp } from '../support/use-test-app.ts';

const service = await useTestApp();

const route: PageRoute = {
  method: 'POST',
  path: '/demos/things/:id',
  title: 'Use a thing',
  summary: 'Uses a thing.',
  danger: false,
  contrasts: [],
  evidence: true,
  meanings: {},
  params: { properties: { id: { type: 'string' } } },
  query: { properties: { size: { type: 'integer', default: 5 }, as: { enum: ['json', 'text'] } } },
  body: { type: 'object' },
  examples: [{ title: 'One', params: { id: 'one' }, query: { as: 'text' }, body: { a: 1 } }],
};

const create: PageRoute = {
  ...route,
  path: '/demos/things',
  params: undefined,
  examples: [{ title: 'One', body: { a: 1 } }],
};

const readCreated: PageRoute = {
  ...route,
  method: 'GET',
  body: { type: 'null' },
  examples: [{ title: 'The new one', createdBy: 'POST /demos/things' }],
};

const withQuery = (link: string) => new URLSearchParams(link.split('?')[1]);

describe('a draft', () => {
  test('starts as the first example, with evidence as its form', () => {
    expect(firstDraft(route)).toEqual({
      method: 'POST',
      form: 'json',
      params: { id: 'one' },
      query: { size: '5' },
      headers: {},
      body: '{\n  "a": 1\n}',
      upload: undefined,
      createdBy: undefined,
    });
  });

  test('is restored from its link', () => {
    const draft = { ...firstDraft(route), form: 'text' as const, body: '{"a":"ä&?#"}' };
    draft.params['id'] = 'two/three';
    draft.query['size'] = '7';
    expect(fromLink(route, withQuery(toLink('/demos/things/:id', route, draft)))).toEqual(draft);
    expect(toLink('/demos/things/:id', route, firstDraft(route))).toBe('#/demos/things/:id');
  });

  test('keeps in its link whether its path parameters are created or typed', () => {
    const examples: PageExample[] = [{ title: 'Fixed', params: { id: '1' } }, ...readCreated.examples];
    const created = firstDraft(readCreated);
    const typed = { ...created, params: { id: '7' }, createdBy: undefined };
    expect(fromLink(readCreated, withQuery(toLink('', readCreated, typed)))).toEqual(typed);
    const second = { ...readCreated, examples };
    expect(fromLink(second, withQuery(toLink('', second, firstDraft(second, examples[1]))))).toMatchObject({
      createdBy: 'POST /demos/things',
    });
  });

  test('has a field for each header that the route reads or an example sends', () => {
    const withHeaders: PageRoute = {
      ...route,
      headers: { properties: { 'if-match': { type: 'string' }, 'idempotency-key': { type: 'string' } } },
      examples: [{ title: 'One', headers: { 'If-Match': '"1"' } }],
    };
    const draft = firstDraft(withHeaders);
    expect(draft.headers).toEqual({ 'If-Match': '"1"', 'Idempotency-Key': '' });
    draft.headers['Idempotency-Key'] = 'a key';
    expect(fromLink(withHeaders, withQuery(toLink('', withHeaders, draft)))).toEqual(draft);
  });

  test("requests the route's own response if the example is about headers or a status", () => {
    const media = { mediaType: 'text/plain', description: 'A part' };
    const form = (example: PageExample) => firstDraft({ ...route, media, examples: [example] }).form;
    expect(form({ title: 'A part', headers: { Range: 'bytes=0-1' } })).toBe('raw');
    expect(form({ title: 'Rejected', status: 416 })).toBe('raw');
    expect(form({ title: 'As text', query: { as: 'text' } })).toBe('json');
  });

  test('is invalid on purpose only if it equals an example that is rejected', () => {
    const rejected: PageRoute = {
      ...route,
      examples: [{ title: 'Invalid', query: { size: 'big' }, status: 400 }],
    };
    const draft = firstDraft(rejected);
    expect(isInvalidOnPurpose(rejected, draft)).toBe(true);
    draft.query['size'] = 'bigger';
    expect(isInvalidOnPurpose(rejected, draft)).toBe(false);
    expect(isInvalidOnPurpose(route, firstDraft(route))).toBe(false);
  });

  test.each([
    'nonsense=1&:other=2&@form=png&@headers={',
    'toString=1&:constructor=2&@method=BREW&@upload=5&@createdBy=POST%20/other',
  ])('ignores unknown names and invalid values in a link: %s', (query) => {
    expect(fromLink(route, new URLSearchParams(query))).toEqual(firstDraft(route));
  });

  test.each(['-1', '1.5', '1e11', 'null', '{}', 'x'])('ignores an upload of %s in a link', (upload) => {
    const streamed: PageRoute = {
      ...route,
      stream: { mediaType: 'application/octet-stream', description: 'Bytes' },
    };
    const draft = fromLink(streamed, new URLSearchParams({ '@upload': upload }));
    expect(draft).toEqual(firstDraft(streamed));
    expect(fromLink(streamed, new URLSearchParams({ '@upload': '500' })).upload).toBe(500);
  });
});

describe('a request for what another request creates', () => {
  const request = prepare(
    { feature: { routes: [create, readCreated] }, route: readCreated },
    firstDraft(readCreated),
    'host',
  );
  const signal = new AbortController().signal;

  afterEach(() => {
    jest.restoreAllMocks();
  });

  test('has the curl command of the index, for every such example of the service', async () => {
    const manifest = await describeForPage(service.features);
    const compared = service.features.flatMap((feature, f) =>
      feature.routes.flatMap((declared, r) =>
        declared.examples.flatMap((example, e) => {
          const [page, shown] = [manifest.features[f], manifest.features[f]?.routes[r]];
          if (example.createdBy === undefined || page === undefined || shown === undefined) return [];
          const draft = firstDraft(shown, shown.examples[e]);
          const { curl } = prepare({ feature: page, route: shown }, draft, 'localhost:3000');
          expect(curl).toBe(exampleCurl(feature, declared, example));
          return curl;
        }),
      ),
    );
    expect(compared.length).toBeGreaterThan(2);
  });

  test('sends the creating request first and takes the path parameters from its Location', async () => {
    const fetched = jest
      .spyOn(globalThis, 'fetch')
      .mockResolvedValueOnce(
        new Response('{}', { status: 201, headers: { Location: '/demos/things/a%20b' } }),
      )
      .mockResolvedValueOnce(new Response('{}'));
    const { progress } = await sendRequest(request, signal);
    expect(progress?.status).toBe(200);
    expect(fetched.mock.calls.map(([target, init]) => [init?.method, target])).toEqual([
      ['POST', '/demos/things?size=5'],
      ['GET', '/demos/things/a%20b?size=5'],
    ]);
  });

  test('ends with the response of the creating request if that creates nothing', async () => {
    const fetched = jest.spyOn(globalThis, 'fetch').mockResolvedValueOnce(new Response('', { status: 503 }));
    const { progress } = await sendRequest(request, signal);
    expect(progress?.status).toBe(503);
    expect(fetched).toHaveBeenCalledTimes(1);
  });
});
