import { describe, expect, test } from '@jest/globals';
import { isOwnPath } from '../../src/demos/http/redirect.ts';
import { until } from '../support/program.ts';
import { useTestApp } from '../support/use-test-app.ts';

const service = await useTestApp();

const base = '/demos/http';
const resultOf = <T>(response: { readonly body: unknown }) => (response.body as { result: T }).result;

describe('http/anything', () => {
  test.each(['get', 'post', 'put', 'patch', 'delete', 'options', 'trace'] as const)(
    'echoes a %s request',
    async (method) => {
      const response = await service.client[method](`${base}/anything?a=1&a=2&b=%3Cscript%3E`).expect(200);

      expect(response.headers['content-type']).toMatch(/^application\/json/);
      expect(resultOf(response)).toMatchObject({
        method: method.toUpperCase(),
        path: `${base}/anything`,
        query: { a: ['1', '2'], b: '<script>' },
      });
    },
  );

  test('rejects a client that accepts only HTML with 406', async () => {
    const response = await service.client
      .get(`${base}/anything?x=<script>`)
      .set('Accept', 'text/html')
      .expect(406);

    expect(response.headers['content-type']).toMatch(/json/);
  });

  test('echoes the body as text and as JSON, without cookies, and rejects more than 100 kB', async () => {
    const json = await service.client
      .put(`${base}/anything`)
      .set('Cookie', 'session=secret')
      .send({ a: [1] })
      .expect(200);
    const text = await service.client.post(`${base}/anything`).type('text').send('<b>ü</b>').expect(200);

    expect(resultOf(json)).toMatchObject({ body: { bytes: 9, text: '{"a":[1]}', json: { a: [1] } } });
    expect(resultOf(text)).toMatchObject({ body: { bytes: 9, text: '<b>ü</b>' } });
    expect(JSON.stringify(json.body)).not.toContain('secret');
    await service.client.post(`${base}/anything`).type('text').send('x'.repeat(100_001)).expect(413);
  });

  test.each([
    ['json', '{"a":', '}'],
    ['json', '[', ']'],
    ['text', '{"a":', '}'],
    ['text', '[', ']'],
  ])('with as=%s, echoes JSON of 5000 levels of %s…%s as text only', async (form, opened, closed) => {
    const jsonLine = /^ *"?json\b/m;
    const nested = (levels: number) => `${opened.repeat(levels)}1${closed.repeat(levels)}`;
    const post = (levels: number) =>
      service.client
        .post(`${base}/anything`)
        .query({ as: form })
        .type('json')
        .send(nested(levels))
        .expect(200);

    expect((await post(32)).text).toMatch(jsonLine);
    expect((await post(5_000)).text).not.toMatch(jsonLine);
  });
});

describe('http/status', () => {
  test.each([200, 201, 202, 299, 300, 301, 308, 400, 401, 405, 418, 429, 499, 500, 503, 599])(
    'responds with status %s',
    async (code) => {
      const response = await service.client
        .get(`${base}/status/${code}`)
        .redirects(0)
        .ok(() => true);

      expect(response.status).toBe(code);
      expect(response.body).toMatchObject({ status: code });
    },
  );

  test('sends no body with 204, 205 and 304, and the header that 401, 405 and 303 need', async () => {
    for (const code of [204, 205, 304]) {
      const response = await service.client.get(`${base}/status/${code}`).expect(code);
      expect(response.text).toBe('');
    }
    expect((await service.client.get(`${base}/status/401`)).headers['www-authenticate']).toMatch(/^Bearer/);
    expect((await service.client.get(`${base}/status/405`)).headers['allow']).toMatch(/GET/);
    expect((await service.client.get(`${base}/status/303`).redirects(0)).headers['location']).toMatch(/^\//);
  });

  test('sends Content-Range with 206, and Upgrade and Connection with 426', async () => {
    const part = await service.client.get(`${base}/status/206`).expect(206);
    const upgrade = await service.client.get(`${base}/status/426`).expect(426);

    expect(part.headers['content-range']).toBe(`bytes 0-${part.text.length - 1}/${part.text.length}`);
    expect(upgrade.headers['upgrade']).toBeDefined();
    expect(upgrade.headers['connection']).toBe('Upgrade');
  });

  test.each(['100', '199', '600', 'abc', '2e2', '0200'])('rejects the status %s', async (code) => {
    await service.client.get(`${base}/status/${code}`).expect(400);
  });
});

describe('http/delay', () => {
  test('waits for the requested time, and several requests wait at the same time', async () => {
    const startedAt = performance.now();
    const responses = await Promise.all(
      [300, 300, 300].map((ms) => service.client.get(`${base}/delay/${ms}`).expect(200)),
    );
    const together = performance.now() - startedAt;
    const waits = responses.map((response) => resultOf<{ waitedMs: number }>(response).waitedMs);

    for (const waited of waits) expect(waited).toBeGreaterThanOrEqual(299);
    expect(together).toBeLessThan(waits.reduce((sum, waited) => sum + waited));
  });

  test.each(['-1', '9001', '1.5', 'x'])('rejects a delay of %s', async (ms) => {
    await service.client.get(`${base}/delay/${ms}`).expect(400);
  });
});

describe('http/redirect', () => {
  test('redirects to a path of this service', async () => {
    const response = await service.client
      .get(`${base}/redirect?to=/livez&status=308`)
      .redirects(0)
      .expect(308);

    expect(response.headers['location']).toBe('/livez');
  });

  test.each([
    '//evil.example',
    '/\\evil.example',
    'https://evil.example',
    '/\t/evil.example',
    'livez',
    '/..//evil.example',
    '/.//evil.example',
    '',
  ])('rejects a redirect to %j', async (to) => {
    expect(isOwnPath(to)).toBe(false);
    await service.client.get(`${base}/redirect`).query({ to }).redirects(0).expect(400);
  });

  test.each(['/', '/a/b?c=d#e', '/a//b', '/%2F%2Fhost'])('recognizes %j as a path of this service', (to) => {
    expect(isOwnPath(to)).toBe(true);
  });

  test.each([
    [301, 'GET', 'custom, not the purpose of 301', '308'],
    [302, 'GET', 'custom, not the purpose of 302', '307'],
    [303, 'GET', '303 is meant to do that', 'post, redirect, get'],
    [307, 'POST', 'RFC 9110 requires that of 307', 'must not change'],
    [308, 'POST', 'RFC 9110 requires that of 308', 'must not change'],
  ])('after a %i a POST arrives as a %s, and the lesson says why', async (status, method, reason, also) => {
    const response = await service.client.get(`${base}/redirect?status=${status}&as=json`).expect(200);
    const { lesson } = response.body as { lesson: { headline: string; text: string } };

    expect(resultOf(response)).toMatchObject({
      arrived: { method, bodyBytes: method === 'POST' ? 5 : 0, requests: 2 },
    });
    expect(lesson.headline).toContain(`arrived as a ${method}`);
    expect(lesson.text).toContain(reason);
    expect(lesson.text).toContain(also);
  });
});

describe('http/cache', () => {
  test('responds with 304, without a body to a client that has the document', async () => {
    const first = await service.client.get(`${base}/cache`).expect(200);
    const etag = first.headers['etag'] ?? '';
    const again = await service.client.get(`${base}/cache`).set('If-None-Match', etag).expect(304);

    expect(again.text).toBe('');
    expect(again.headers['etag']).toBe(etag);
    await service.client.get(`${base}/cache?version=2`).set('If-None-Match', etag).expect(200);
  });

  test('sends the requested max-age, or no-cache for 0', async () => {
    const get = async (maxAgeS: number) =>
      (await service.client.get(`${base}/cache?maxAgeS=${maxAgeS}`)).headers['cache-control'];

    expect(await get(60)).toBe('private, max-age=60');
    expect(await get(0)).toBe('private, no-cache');
  });

  test('measures a full response, two 304 responses and a changed document', async () => {
    const result = resultOf<{ exchanges: { status: number; bodyBytes: number }[] }>(
      await service.client.get(`${base}/cache?as=json`).expect(200),
    );

    expect(result.exchanges.map(({ status }) => status)).toEqual([200, 304, 304, 200]);
    expect(result.exchanges.map(({ bodyBytes }) => bodyBytes > 0)).toEqual([true, false, false, true]);
  });
});

describe('http/cookies', () => {
  test('the cookie carries the count from one visit to the next', async () => {
    const first = await service.client.get(`${base}/cookies`).expect(200);
    const [cookie = ''] = first.headers['set-cookie'] as unknown as string[];
    const second = await service.client
      .get(`${base}/cookies`)
      .set('Cookie', cookie.split(';')[0] ?? '')
      .expect(200);

    expect(cookie).toBe('visits=1; Path=/demos/http/cookies; Max-Age=600; HttpOnly; SameSite=Lax');
    expect(resultOf(second)).toMatchObject({ visitsReceived: 1, visitsNow: 2 });
  });

  test.each(['visits=-7', 'visits=1e9', 'visits=', 'visits=99999999'])(
    'ignores the invalid cookie %s',
    async (cookie) => {
      const response = await service.client.get(`${base}/cookies`).set('Cookie', cookie).expect(200);

      expect(resultOf(response)).toMatchObject({ visitsReceived: null, visitsNow: 1 });
    },
  );
});

describe('http/client', () => {
  interface Called {
    readonly result: { readonly runs: readonly { made: number; open: number; perCallMs: number }[] };
    readonly lesson: { readonly headline: string; readonly text: string };
  }
  const call = async (query: string) =>
    (await service.client.get(`${base}/client?calls=50&${query}`).expect(200)).body as Called;

  test.each([
    ['kept', 1, /^1 kept connection/],
    ['pooled', 8, /^8 kept connections/],
  ])('%s: uses %i connections for 50 calls', async (way, connections, headline) => {
    const { result, lesson } = await call(`connections=${way}`);

    expect(result.runs).toMatchObject([
      { made: 50, open: 0 },
      { made: connections, open: connections },
    ]);
    expect(lesson.headline).toMatch(headline);
  });

  test('a small call on a kept connection takes less time than on a new one', async () => {
    const ratioOf = ({ result: { runs } }: Called) =>
      (runs[0]?.perCallMs ?? 0) / (runs[1]?.perCallMs ?? Infinity);
    let called = await call('connections=kept&bytes=100');
    // Other processes may use the CPU in one of the two runs.
    for (let tries = 1; tries < 5 && ratioOf(called) < 1.2; tries += 1)
      called = await call('connections=kept&bytes=100');

    expect(ratioOf(called)).toBeGreaterThan(1.2);
    expect(called.lesson.headline).toContain('new ones take');
  });

  test('bodies that are not read hold their connections, unless they are small', async () => {
    const { result, lesson } = await call('connections=unread');
    const { result: small, lesson: few } = await call('connections=unread&bytes=1000');

    expect(result.runs[1]).toMatchObject({ made: 50, open: 50 });
    expect(lesson.headline).toBe('Bodies that were not read held 50 connections open');
    expect(small.runs[1]?.open).toBeLessThan(10);
    expect(few.headline).toContain('held few connections');
  });
});

describe('http/drain', () => {
  interface Drained {
    readonly result: Readonly<Record<'lost' | 'requests' | 'stillOpen' | 'servedByStopping', number>> & {
      readonly closedMs: number | null;
    };
    readonly lesson: { readonly headline: string; readonly text: string };
  }
  const drain = (way: string) =>
    until(`a stop by ${way} that the balancer notices in time`, async () => {
      const body = (await service.client.get(`${base}/drain?way=${way}`).expect(200)).body as Drained;
      return body.lesson.headline.startsWith('This run does not tell') ? undefined : body;
    });

  test('server.close() alone loses requests until the balancer has noticed', async () => {
    const { result, lesson } = await drain('close');

    expect(result.lost).toBeGreaterThan(0);
    expect(lesson.headline).toBe(`server.close() alone lost ${result.lost} of ${result.requests} requests`);
  });

  test('a server that announces its stop and settles loses none, and closes', async () => {
    const { result, lesson } = await drain('settle');

    expect(result).toMatchObject({ lost: 0, stillOpen: 0 });
    expect(result.closedMs).not.toBeNull();
    expect(result.servedByStopping).toBeGreaterThan(0);
    expect(lesson.headline).toMatch(/^Settling first lost 0 of/);
  });
});
