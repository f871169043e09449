import { describe, expect, test } from '@jest/globals';
import { findActive, stops } from '../../../src/demos/security/markup.ts';
import { useTestApp } from '../../support/use-test-app.ts';

const service = await useTestApp();

test('security/output-escaping lets payloads live by every way but that of the context', async () => {
  const response = await service.client.get('/demos/security/output-escaping').expect(200);
  const { result, lesson } = response.body as {
    result: {
      payloads: number;
      ways: { way: string; active: number; activeWithPolicy: number }[];
      rows: { payload: string; activeWith: string[] }[];
    };
    lesson: { headline: string; text: string };
  };
  const { payloads } = result;
  expect(result.ways).toEqual([
    { way: 'concatenated', active: payloads, activeWithPolicy: 1 },
    { way: 'without <script>', active: payloads - 3, activeWithPolicy: 1 },
    { way: 'HTML-escaped', active: 3, activeWithPolicy: 0 },
    { way: 'by context', active: 0, activeWithPolicy: 0 },
  ]);
  const past = result.rows.filter(({ activeWith }) => activeWith.includes('HTML-escaped'));
  expect(past.map(({ payload }) => payload)).toEqual([
    'javascript:alert(1)',
    'JAVA\\tSCRIPT:alert(1)',
    ',alert(1)];//\\',
  ]);
  expect(lesson.headline).toBe(`${payloads} of ${payloads} payloads active concatenated, by context none`);
});

describe('active markup', () => {
  test.each([
    ['<p>Hello &lt;script&gt;alert(1)&lt;/script&gt;</p>', 'none'],
    ['<p title="<script>alert(1)</script>">x</p>', 'script'], // wrong of this rule, on the safe side
    ['<script>var a = "alert(1)";</script>', 'none'],
    ['<script>alert(1', 'none'],
    ['<a href="https://a.example/?javascript:alert(1)">x</a>', 'none'],
    ['<a href="&#39;javascript:alert(1)">x</a>', 'none'],
    ['<IMG SRC=x OnError=alert(1)>', 'script'],
    ["<a href='\tjavascript:alert(1)'>x</a>", 'script'],
    ['<input value="x" onfocus=alert(1)>', 'script'],
  ])('in %s is %s', (page, expected) => {
    expect(findActive(page)[0] ?? 'none').toBe(expected);
  });

  test('is stopped by a policy without unsafe-inline, unless it navigates', () => {
    expect(stops("default-src 'self'", 'script')).toBe(true);
    expect(stops("default-src 'self'; script-src 'self' 'unsafe-inline'", 'script')).toBe(false);
    expect(stops("img-src 'self'", 'script')).toBe(false);
    expect(stops("default-src 'none'", 'navigation')).toBe(false);
  });
});
