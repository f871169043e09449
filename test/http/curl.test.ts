import { execFileSync } from 'node:child_process';
import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { exampleCurl } from '../../src/http/curl.ts';
import { defineRoute, type Example, type Feature, type Method } from '../../src/http/feature.ts';

function lineOf(method: Method, path: string, example: Omit<Example, 'title'>, streamed = false): string {
  const route = defineRoute({
    method,
    path,
    summary: '',
    response: z.void(),
    examples: [{ title: '', ...example }],
    ...(streamed ? { body: { mediaType: 'application/octet-stream', maxBytes: 1, description: '' } } : {}),
    handler: () => undefined,
  });
  const feature: Feature = { id: 'a', base: '/a', title: '', summary: '', routes: [route] };
  return exampleCurl(feature, route, route.examples[0]);
}

describe('curl lines', () => {
  test.each([
    [lineOf('get', '/b', {}), 'curl -s localhost:3000/a/b'],
    [
      lineOf('get', '/b/:id', { params: { id: 'x y' }, query: { n: 1 } }),
      "curl -s 'localhost:3000/a/b/x%20y?n=1'",
    ],
    [lineOf('post', '/b', {}), 'curl -s -X POST localhost:3000/a/b'],
    [lineOf('post', '/b', { body: { a: 1 } }), `curl -s --json '{"a":1}' localhost:3000/a/b`],
    [lineOf('head', '/b', {}), 'curl -s -I localhost:3000/a/b'],
    [
      lineOf('delete', '/b', { headers: { 'If-Match': '"1"' } }),
      `curl -s -X DELETE -H 'If-Match: "1"' localhost:3000/a/b`,
    ],
    [
      lineOf('post', '/b', { stdin: 'head -c 9 /dev/zero' }, true),
      'head -c 9 /dev/zero | curl -s -X POST -T - localhost:3000/a/b',
    ],
  ])('%s', (line, expected) => {
    expect(line).toBe(expected);
  });

  test('survive a shell: what is quoted arrives as it was', () => {
    const nasty = `a'b"$(id) \`id\` ; é`;
    const line = lineOf('post', '/b', { headers: { 'X-Text': nasty } });
    const words = execFileSync('/bin/sh', ['-c', line.replace(/^curl -s/, `printf '%s\\n'`)], {
      encoding: 'utf8',
    });
    expect(words.split('\n')).toContain(`X-Text: ${nasty}`);
  });
});
