import { randomBytes } from 'node:crypto';
import { Agent, get, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { median, signTest } from '../../src/demos/evidence/statistics.ts';
import { readCookie } from '../../src/demos/security/cookies.ts';
import { Signer } from '../../src/demos/security/signed-value.ts';
import { createTestApp, type TestApp } from '../support/app.ts';
import { Program } from '../support/program.ts';

let service: TestApp;
beforeAll(async () => {
  // What is measured here holds the event loop on purpose: the next request must not be shed for it.
  service = await createTestApp({ env: { OVERLOAD_MAX_DELAY_MS: '0' } });
});
afterAll(async () => {
  await service[Symbol.asyncDispose]();
});

async function run<T>(path: string): Promise<T> {
  const response = await service.client.get(`/demos/security/${path}`).expect(200);
  return (response.body as { readonly result: T }).result;
}

describe('security/headers', () => {
  test('every header that is named was really sent, and a bare server sends none', async () => {
    const response = await service.client.get('/demos/security/headers').expect(200);
    const { result } = response.body as {
      result: { sent: number; sentByBareServer: number; headers: { header: string; value: string }[] };
    };

    expect(result.sent).toBeGreaterThan(8);
    expect(result.sentByBareServer).toBe(0);
    for (const { header, value } of result.headers) expect(response.get(header)).toBe(value);
  });
});

describe('security/cookies', () => {
  interface Cookies {
    readonly received: string;
    readonly visits: number;
    readonly checks: readonly { readonly cookie: string; readonly believed: boolean }[];
  }

  test('a cookie that was set here counts on; a changed one is refused', async () => {
    const first = await service.client.get('/demos/security/cookies').expect(200);
    const [set = ''] = first.get('Set-Cookie') ?? [];
    const [cookie = ''] = set.split(';');

    const second = await service.client.get('/demos/security/cookies').set('Cookie', cookie).expect(200);
    const forged = cookie.replace('__Host-visits=1.', '__Host-visits=1000000.');
    const refused = await service.client.get('/demos/security/cookies').set('Cookie', forged).expect(403);

    expect(set).toMatch(/^__Host-visits=.*; Path=\/; .*Secure; HttpOnly; SameSite=Lax$/);
    expect(set).not.toContain('Domain');
    expect((second.body as { result: Cookies }).result).toMatchObject({ received: 'genuine', visits: 2 });
    expect(refused.body).toMatchObject({ code: 'forbidden' });
    expect(refused.get('Set-Cookie')).toBeUndefined();
  });

  test('of the cookies that are tried only the genuine one is believed', async () => {
    const { checks } = await run<Cookies>('cookies');

    expect(checks.filter(({ believed }) => believed).map(({ cookie }) => cookie)).toEqual(['as it was set']);
    expect(checks.length).toBeGreaterThan(4);
  });

  test('a name that only begins alike is another cookie', () => {
    const headers = { cookie: 'x=1; __Host-visits2=2; __Host-visits=3' };

    expect(readCookie({ headers }, '__Host-visits')).toBe('3');
    expect(readCookie({ headers }, '__Host')).toBeUndefined();
  });

  test.each(['', '.', '1', '1.2.3.4', '1.zzzzzzzz.x'])('a signer does not choke on «%s»', (text) => {
    expect(new Signer(randomBytes(32)).open(text)).toEqual({ verdict: 'forged' });
  });

  test('a signer tells another key from a forgery', () => {
    const ours = new Signer(randomBytes(32));

    expect(ours.open(ours.sign('7'))).toEqual({ verdict: 'genuine', value: '7' });
    expect(ours.open(new Signer(randomBytes(32)).sign('7'))).toEqual({ verdict: 'unknown-key' });
  });
});

describe('security/rate-limit', () => {
  test('two workers together let a client pass ten times, and tell it when to come back', async () => {
    await using program = await Program.start({ WORKERS: '2' });
    await program.readyWorkers(2);
    // A connection to each worker: the second is made while the first worker is too busy to take it.
    const agents = [0, 1].map(() => new Agent({ keepAlive: true, maxSockets: 1 }));
    const ask = async (path: string, agent: Agent | undefined) => {
      const response = await new Promise<IncomingMessage>((resolve, reject) => {
        get(program.url + path, { agent }, resolve).once('error', reject);
      });
      return { response, body: JSON.parse(await text(response)) as Answer };
    };
    await ask('/demos/cluster/whoami', agents[0]);
    const busy = ask('/demos/cpu/inline?limit=2000000', agents[0]);
    await sleep(50);
    await ask('/demos/cluster/whoami', agents[1]);
    await busy;

    const answers = [];
    for (let i = 0; i < 14; i += 1) {
      const { response, body } = await ask('/demos/security/rate-limit', agents[i % 2]);
      answers.push({ status: response.statusCode, retryAfter: response.headers['retry-after'], body });
    }
    for (const agent of agents) agent.destroy();

    const passed = answers.filter(({ status }) => status === 200);
    const refused = answers.filter(({ status }) => status === 429);
    expect([passed.length, refused.length]).toEqual([10, 4]);
    expect(passed.map(({ body }) => body.result?.used)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(new Set(passed.map(({ body }) => body.ranOn?.worker)).size).toBe(2);
    for (const { retryAfter, body } of refused) {
      expect(Number(retryAfter)).toBeGreaterThan(0);
      expect(body.code).toBe('rate-limited');
    }
  });

  interface Answer {
    readonly result?: { readonly used: number };
    readonly ranOn?: { readonly worker: number };
    readonly code?: string;
  }
});

describe('security/timing', () => {
  interface Timing {
    readonly rows: readonly {
      readonly comparison: string;
      readonly differenceNs: number;
      readonly firstWrongNs: number;
      readonly leaks: boolean;
    }[];
  }

  test('a loop that stops early leaks; timingSafeEqual differs by a small part of that at most', async () => {
    const { rows } = await run<Timing>('timing?length=2048&samples=1000');
    const [loop, , safe] = rows;

    expect(loop).toMatchObject({ comparison: 'early-exit loop', leaks: true });
    expect(loop?.differenceNs).toBeGreaterThan(10 * (loop?.firstWrongNs ?? Infinity));
    expect(Math.abs(safe?.differenceNs ?? Infinity)).toBeLessThan((loop?.differenceNs ?? 0) / 10);
  });

  test('the sign test finds a shift among noise, and none where there is none', () => {
    const noise = Array.from({ length: 1_000 }, (_, i) => ((i * 7_919) % 1_000) / 10);
    const other = Array.from({ length: 1_000 }, (_, i) => ((i * 6_007 + 500) % 1_000) / 10);
    const shifted = noise.map((figure) => figure + 0.1);

    expect(signTest(shifted, noise)).toMatchObject({ share: 1 });
    expect(signTest(shifted, noise).z).toBeGreaterThan(30);
    expect(Math.abs(signTest(other, noise).z)).toBeLessThan(4);
    expect(signTest([1, 1], [1, 1])).toEqual({ share: 0.5, z: 0, medianDifference: 0 });
  });

  test('the median is the middle one, or between the two in the middle', () => {
    expect(median([9, 1, 5])).toBe(5);
    expect(median([9, 1, 5, 6])).toBe(5.5);
  });
});

describe('security/prototype', () => {
  interface Pollution {
    readonly result: {
      readonly sentKeys: readonly string[];
      readonly keysAfterSchema: readonly string[];
      readonly merges: readonly { readonly pollutes: readonly string[] }[];
      readonly thisProcessPolluted: readonly string[];
    };
    readonly lesson: string;
  }
  const post = (body: string) =>
    service.client.post('/demos/security/prototype').set('Content-Type', 'application/json').send(body);

  test.each([
    ['{"__proto__":{"isAdmin":true}}', 'isAdmin'],
    ['{"constructor":{"prototype":{"isAdmin":true}}}', 'isAdmin'],
    ['{"__proto__":{"toString":1}}', 'toString'],
    ['{"constructor":{"prototype":{"toString":1}}}', 'toString'],
  ])(
    'a naive merge of %s spoils every object of its context; a careful one and this process are untouched',
    async (body, name) => {
      const { result, lesson } = (await post(body).expect(200)).body as Pollution;

      expect(result.merges.map(({ pollutes }) => pollutes)).toEqual([[name], []]);
      expect(lesson).toContain(`set ${name} in Object.prototype`);
      expect(result.thisProcessPolluted).toEqual([]);
      expect(({} as { isAdmin?: boolean }).isAdmin).toBeUndefined();
    },
  );

  test.each([
    ['a new property', 'isAdmin'],
    ['another value of one that there is', 'isPrototypeOf'],
  ])('%s in the Object.prototype of this process is told', async (_what, name) => {
    const was = Object.getOwnPropertyDescriptor(Object.prototype, name);
    Object.defineProperty(Object.prototype, name, { value: 1, configurable: true, enumerable: false });
    try {
      const { result, lesson } = (await post('{"a":1}').expect(200)).body as Pollution;

      expect(result.thisProcessPolluted).toEqual([name]);
      expect(lesson).toContain(`polluted with ${name}`);
    } finally {
      if (was === undefined) Reflect.deleteProperty(Object.prototype, name);
      else Object.defineProperty(Object.prototype, name, was);
    }
  });

  test('a body that overwrites what the merge itself uses is merged all the same', async () => {
    const { result } = (await post('{"constructor":{"keys":1},"a":1}').expect(200)).body as Pollution;

    expect(result.merges.map(({ pollutes }) => pollutes)).toEqual([[], []]);
  });

  test('the schema of the route lets no __proto__ through', async () => {
    const { result } = (await post('{"a":1,"__proto__":{"b":2}}').expect(200)).body as Pollution;

    expect(result.sentKeys).toEqual(['a', '__proto__']);
    expect(result.keysAfterSchema).toEqual(['a']);
  });

  test.each([33, 500, 5_000])('a body that is %i levels deep is refused', async (levels) => {
    const response = await post(`${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`).expect(422);

    expect(response.body).toMatchObject({ detail: 'The body may be at most 32 levels deep.' });
  });

  test('a body of 32 levels is merged; one that is no object is refused', async () => {
    await post(`${'{"a":'.repeat(32)}1${'}'.repeat(32)}`).expect(200);
    await post('[1]').expect(400);
  });

  test('a body that no merge can follow is refused with what stopped it', async () => {
    const response = await post('{"__proto__":{"__proto__":{"a":1}}}').expect(422);

    expect(response.text).toContain('TypeError');
  });
});

describe('security/passwords', () => {
  interface Passwords {
    readonly elapsedMs: number;
    readonly eventLoopMaxDelayMs: number;
    readonly rightAccepted: number;
    readonly wrongAccepted: number;
    readonly sameHashes: number;
  }

  test('scrypt on the event loop holds it all the time; on the pool it does not', async () => {
    const pool = await run<Passwords>('passwords?way=pool&power=15');
    const sync = await run<Passwords>('passwords?way=sync&power=15');

    for (const result of [pool, sync]) {
      expect(result).toMatchObject({ rightAccepted: 4, wrongAccepted: 0, sameHashes: 0 });
    }
    expect(sync.eventLoopMaxDelayMs).toBeGreaterThan(0.8 * sync.elapsedMs);
    expect(pool.eventLoopMaxDelayMs).toBeLessThan(0.5 * pool.elapsedMs);
  });

  test.each(['power=18', 'logins=17', 'way=shell'])('%s is refused', async (query) => {
    await service.client.get(`/demos/security/passwords?${query}`).expect(400);
  });
});
