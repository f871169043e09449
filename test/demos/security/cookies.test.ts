import { randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { Signer } from '../../../src/demos/security/signed-value.ts';
import { useTestApp } from '../../support/use-test-app.ts';

const service = await useTestApp();

interface Result {
  readonly received: string;
  readonly visits: number;
  readonly checks: readonly { readonly cookie: string; readonly accepted: boolean }[];
}

describe('security/cookies', () => {
  test('increments the counter of its own cookie and rejects a changed one with 403', async () => {
    const first = await service.client.get('/demos/security/cookies').expect(200);
    const [set = ''] = first.get('Set-Cookie') ?? [];
    const [cookie = ''] = set.split(';');

    const second = await service.client.get('/demos/security/cookies').set('Cookie', cookie).expect(200);
    const forged = cookie.replace('__Host-visits=1.', '__Host-visits=1000000.');
    const rejected = await service.client.get('/demos/security/cookies').set('Cookie', forged).expect(403);

    expect(set).toMatch(/^__Host-visits=.*; Path=\/; .*Secure; HttpOnly; SameSite=Lax$/);
    expect(set).not.toContain('Domain');
    expect((second.body as { result: Result }).result).toMatchObject({ received: 'genuine', visits: 2 });
    expect(rejected.body).toMatchObject({ code: 'forbidden' });
    expect(rejected.get('Set-Cookie')).toBeUndefined();
  });

  test.each(['\xa0', ' \xa0', '\xa0 '])(
    'does not take a cookie for its own if its name begins with %j',
    async (prefix) => {
      const first = await service.client.get('/demos/security/cookies').expect(200);
      const [cookie = ''] = (first.get('Set-Cookie') ?? [''])[0]?.split(';') ?? [];
      const response = await service.client
        .get('/demos/security/cookies')
        .set('Cookie', `${prefix}${cookie}`)
        .expect(200);

      expect((response.body as { result: Result }).result).toMatchObject({ received: 'absent', visits: 1 });
    },
  );

  test('accepts only the unchanged cookie of those that it tries', async () => {
    const response = await service.client.get('/demos/security/cookies').expect(200);
    const { result, lesson } = response.body as { result: Result; lesson: { headline: string } };
    const accepted = result.checks.filter((check) => check.accepted);

    expect(accepted.map(({ cookie }) => cookie)).toEqual(['unchanged']);
    expect(result.checks.length).toBeGreaterThan(4);
    expect(lesson.headline).toBe('The genuine cookie was accepted, all 7 altered cookies were rejected');
  });
});

describe('a signer', () => {
  test.each(['', '.', '1', '1.2.3.4', '1.zzzzzzzz.x'])(
    'treats the malformed value "%s" as forged',
    (text) => {
      expect(new Signer(randomBytes(32)).open(text)).toEqual({ verdict: 'forged' });
    },
  );

  test('accepts exactly one spelling of a signature', () => {
    const signer = new Signer(randomBytes(32));
    const signed = signer.sign('7');
    const characters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/= ';
    const variants = [
      ...Array.from(characters, String).map((last) => signed.slice(0, -1) + last),
      ...Array.from(characters, String).map((last) => signed + last),
      signed.replaceAll('-', '+').replaceAll('_', '/') + '=',
    ].filter((variant) => variant !== signed);

    expect(signer.open(signed)).toEqual({ verdict: 'genuine', value: '7' });
    expect(variants.filter((variant) => signer.open(variant).verdict !== 'forged')).toEqual([]);
  });

  test('distinguishes an unknown key from a forgery', () => {
    const ours = new Signer(randomBytes(32));

    expect(ours.open(ours.sign('7'))).toEqual({ verdict: 'genuine', value: '7' });
    expect(ours.open(new Signer(randomBytes(32)).sign('7'))).toEqual({ verdict: 'unknown-key' });
  });
});
