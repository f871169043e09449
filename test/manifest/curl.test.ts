import { execFileSync } from 'node:child_process';
import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { exampleCurl } from '../../src/manifest/curl.ts';
import type { Feature } from '../../src/routes/feature.ts';
import { defineRoute, type Example, type Method } from '../../src/routes/route.ts';

function commandOf(method: Method, path: string, example: Omit<Example, 'title'>, streamed = false): string {
  const route = defineRoute({
    method,
    path,
    title: '',
    summary: '',
    response: z.void(),
    examples: [{ title: '', ...example }],
    ...(streamed ? { body: { mediaType: 'application/octet-stream', maxBytes: 1, description: '' } } : {}),
    handler: () => undefined,
  });
  const feature: Feature = { id: 'a', base: '/a', title: '', summary: '', guard: 'public', routes: [route] };
  return exampleCurl(feature, route, route.examples[0]);
}

describe('curl commands', () => {
  test.each([
    [commandOf('get', '/b', {}), 'curl -s localhost:3000/a/b'],
    [
      commandOf('get', '/b/:id', { params: { id: 'x y' }, query: { n: 1 } }),
      "curl -s 'localhost:3000/a/b/x%20y?n=1'",
    ],
    [commandOf('post', '/b', {}), 'curl -s -X POST localhost:3000/a/b'],
    [commandOf('post', '/b', { body: { a: 1 } }), `curl -s --json '{"a":1}' localhost:3000/a/b`],
    [commandOf('head', '/b', {}), 'curl -s -I localhost:3000/a/b'],
    [
      commandOf('delete', '/b', { headers: { 'If-Match': '"1"' } }),
      `curl -s -X DELETE -H 'If-Match: "1"' localhost:3000/a/b`,
    ],
    [
      commandOf('post', '/b', { stdin: 'head -c 9 /dev/zero' }, true),
      'head -c 9 /dev/zero | curl -s -X POST -T - localhost:3000/a/b',
    ],
  ])('%s', (command, expected) => {
    expect(command).toBe(expected);
  });

  test('quotes arguments so that a shell leaves them unchanged', () => {
    const nasty = `a'b"$(id) \`id\` ; é`;
    const command = commandOf('post', '/b', { headers: { 'X-Text': nasty } });
    const words = execFileSync('/bin/sh', ['-c', command.replace(/^curl -s/, `printf '%s\\n'`)], {
      encoding: 'utf8',
    });
    expect(words.split('\n')).toContain(`X-Text: ${nasty}`);
  });
});
