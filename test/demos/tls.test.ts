import { describe, expect, test } from '@jest/globals';
import type { Lesson } from '../../src/demos/kit/demo.ts';
import { conclude as concludeCertificates, type Row as Presented } from '../../src/demos/tls/certificates.ts';
import { conclude as concludeHandshakes, type Row as Handshakes } from '../../src/demos/tls/handshake.ts';
import { conclude as concludeVersions, type Row as Offered } from '../../src/demos/tls/versions.ts';
import { useTestApp } from '../support/use-test-app.ts';

const service = await useTestApp();

async function run<Row>(path: string): Promise<{ rows: readonly Row[]; lesson: Lesson }> {
  const response = await service.client.get(`/demos/tls/${path}`).expect(200);
  const { result, lesson } = response.body as { result: { rows: readonly Row[] }; lesson: Lesson };
  return { rows: result.rows, lesson };
}

describe('tls/handshake', () => {
  test('TLS 1.3 and resumed sessions of TLS 1.2 take a round trip less, and no signature', async () => {
    const { rows, lesson } = await run<Handshakes>('handshake?delayMs=40&handshakes=3');
    const [full12, resumed12, full13, resumed13] = rows;

    expect(rows.map(({ reused }) => reused)).toEqual([0, 3, 0, 3]);
    for (const shorter of [resumed12, full13, resumed13]) {
      expect((full12?.roundTrips ?? 0) - (shorter?.roundTrips ?? 0)).toBeGreaterThan(0.5);
    }
    expect(resumed12?.cpuMicroseconds).toBeLessThan(full12?.cpuMicroseconds ?? 0);
    expect(resumed13?.cpuMicroseconds).toBeLessThan(full13?.cpuMicroseconds ?? 0);
    expect(lesson.headline).toMatch(/^TLS 1\.3 saved 1 round trip: /);
    expect(lesson.text).toContain('A resumed TLSv1.2 session saved 1 round trip');
  });

  const row: Handshakes = {
    version: 'TLSv1.2',
    resumed: false,
    reused: 0,
    fastestMs: 30,
    roundTrips: 3,
    cpuMicroseconds: 1_000,
  };

  test('the lesson counts no round trips that the times do not show', () => {
    const unclear = { ...row, roundTrips: 2.7 };
    expect(concludeHandshakes([row, row, unclear, row], 5).headline).toMatch(/^This run does not tell/);
    expect(concludeHandshakes([row, row, row, row], 5).headline).toMatch(/^This run does not tell/);
  });

  test('the lesson claims no gain of sessions that were not resumed', () => {
    const { text } = concludeHandshakes([row, row, { ...row, roundTrips: 2 }, row], 5);
    expect(text).toContain('did not resume');
  });
});

describe('tls/versions', () => {
  test.each([
    ['default', 2, 'The defaults of Node.js accepted 2 of 4 unsafe handshakes'],
    ['service', 0, 'The settings of this service accepted 0 of 4 unsafe handshakes'],
    ['legacy', 4, 'Legacy settings accepted 4 of 4 unsafe handshakes'],
  ])('server=%s accepts %i unsafe handshakes, and every safe one', async (server, unsafe, headline) => {
    const { rows, lesson } = await run<Offered>(`versions?server=${server}`);

    expect(rows.filter(({ safe, agreed }) => !safe && agreed !== null)).toHaveLength(unsafe);
    expect(rows.filter(({ safe, agreed }) => safe && agreed === null)).toEqual([]);
    for (const { agreed, error } of rows) expect([agreed, error]).toContain(null);
    expect(lesson.headline).toBe(headline);
    expect(lesson.text).toContain('The safe ones were accepted.');
  });

  test('the lesson names a safe one that is refused', () => {
    const refused: Offered = { client: 'TLS 1.3', safe: true, agreed: null, error: 'ERR' };
    expect(concludeVersions('service', [refused]).text).toContain('1 safe one was refused: TLS 1.3');
  });
});

describe('tls/certificates', () => {
  test('only the client that verifies accepts the genuine certificate alone', async () => {
    const { rows, lesson } = await run<Presented>('certificates');
    const acceptedBy = (name: string) =>
      rows.filter(({ accepted }) => accepted.includes(name as never)).map(({ genuine }) => genuine);

    expect(acceptedBy('verifies')).toEqual([true]);
    expect(acceptedBy('ignores names')).toEqual([true, false]);
    expect(acceptedBy('accepts all')).toEqual([true, false, false, false, false]);
    expect(rows.map(({ error }) => error)).toEqual([
      null,
      'ERR_TLS_CERT_ALTNAME_INVALID',
      'CERT_HAS_EXPIRED',
      'DEPTH_ZERO_SELF_SIGNED_CERT',
      expect.stringMatching(/^[A-Z_]+$/),
    ]);
    expect(lesson.headline).toBe(
      'Verification accepted 0 of 4 wrong certificates, rejectUnauthorized: false 4',
    );
  });

  test('the lesson tells if the genuine certificate was refused', () => {
    const row: Presented = { certificate: 'genuine', genuine: true, accepted: [], error: 'ERR' };
    expect(concludeCertificates([row]).text).toContain('refused the genuine one as well');
  });
});
