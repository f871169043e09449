/** Clients that are wrong or hostile. */
import type { Fault } from './fault.ts';
import { get, post, raw } from './raw.ts';

interface Case {
  readonly what: string;
  readonly request: string | Buffer;
  readonly status: readonly number[];
}

const malformed: readonly Case[] = [
  { what: 'malformed JSON', request: post('{"name":'), status: [400] },
  { what: 'no JSON', request: post('name=x', 'application/x-www-form-urlencoded'), status: [415] },
  { what: 'wrong types', request: post('{"name":1,"size":"x"}'), status: [400, 422] },
  { what: 'null', request: post('null'), status: [400, 422] },
  { what: 'an array', request: post('[]'), status: [400, 422] },
  { what: 'an empty body', request: post(''), status: [400, 415, 422] },
  {
    what: 'a huge body',
    request: post(JSON.stringify({ name: 'x'.repeat(200_000), size: 1 })),
    status: [413],
  },
  { what: '__proto__', request: post('{"__proto__":{"name":"x","size":1}}'), status: [400, 422] },
  { what: 'deep nesting', request: post(`${'['.repeat(40_000)}${']'.repeat(40_000)}`), status: [400, 422] },
  {
    what: 'a charset nobody knows',
    request: post('{}', 'application/json; charset=klingon'),
    status: [400, 415],
  },
  { what: 'a repeated parameter', request: get('/faults/slow?n=1&n=2'), status: [400] },
  { what: 'an unknown number', request: get('/faults/slow?n=x'), status: [400] },
  { what: '__proto__ in the query', request: get('/faults/slow?__proto__[n]=1&n=-1'), status: [400] },
  { what: 'an over-long URL', request: get(`/${'x'.repeat(10_000)}`), status: [414] },
  { what: 'a URL longer than any header', request: get(`/${'x'.repeat(100_000)}`), status: [414, 431] },
  { what: 'huge headers', request: get('/', `X-Huge: ${'x'.repeat(100_000)}\r\n`), status: [431] },
  {
    what: 'two lengths',
    request: 'POST /faults/body HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx',
    status: [400],
  },
  {
    what: 'length and chunks',
    request:
      'POST /faults/body HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    status: [400],
  },
  { what: 'no HTTP', request: '\u0016\u0003\u0001 hello\r\n\r\n', status: [400] },
  { what: 'a method nobody knows', request: 'BREW / HTTP/1.1\r\nHost: x\r\n\r\n', status: [400] },
  { what: 'no host', request: 'GET / HTTP/1.1\r\n\r\n', status: [400] },
];

export const malformedRequests: Fault = {
  name: 'malformed',
  expects:
    'malformed JSON, wrong types, huge bodies, __proto__, repeated parameters, long URLs: the right 4xx as a problem',
  async run(lab) {
    const program = await lab.start();
    const wrong: string[] = [];
    for (const { what, request, status } of malformed) {
      const answer = await raw(program, request);
      const isProblem = /^content-type: application\/problem\+json/im.test(answer.text);
      if (!status.includes(answer.status) || !isProblem)
        wrong.push(`${what}: ${answer.status}${isProblem ? '' : ' (no problem)'}`);
    }
    const crashed = program.lines.filter(({ event }) => event === 'crashed').length;
    return {
      figure: `${malformed.length - wrong.length} of ${malformed.length} as expected${wrong.length > 0 ? `; not: ${wrong.join(', ')}` : ''}; ${crashed} crashes`,
      checks: { 'every one has the right answer': wrong.length === 0, 'no worker crashed': crashed === 0 },
    };
  },
};

const traversals = [
  '/../../../../etc/passwd',
  '/..%2f..%2f..%2fetc%2fpasswd',
  '/%2e%2e/%2e%2e/etc/passwd',
  '/..%5c..%5cwindows',
  '/..;/etc/passwd',
  '/faults/../../package.json',
  '/faults/%2e%2e/%2e%2e/package.json',
  '/docs/..%2f..%2fpackage.json',
  '/assets/..%2fpackage.json',
  '/%00',
  '/faults/a%00b',
  '/%',
  '/%zz',
  '/%c0%ae%c0%ae/',
  '/.env',
  '/.git/config',
  '/src/main.ts',
  '/package.json',
  '//evil.example/%2e%2e',
  '//evil.example',
  '//evil.example/..',
  '/\\evil.example',
  '/%5cevil.example',
  '/%2f%2fevil.example',
  '/faults//evil.example',
];

export const traversal: Fault = {
  name: 'traversal',
  expects: 'path traversal, NUL bytes, %, dotfiles, protocol-relative targets: 4xx, no foreign Location',
  async run(lab) {
    const program = await lab.start();
    const wrong: string[] = [];
    for (const target of traversals) {
      const { status, text } = await raw(program, get(target));
      const location = /^location: *(.*)$/im.exec(text)?.[1];
      if (status < 400 || status > 499 || location !== undefined)
        wrong.push(`${target}: ${status} ${location ?? ''}`);
    }
    const crashed = program.lines.filter(({ event }) => event === 'crashed').length;
    return {
      figure: `${traversals.length - wrong.length} of ${traversals.length} refused${wrong.length > 0 ? `; not: ${wrong.join(', ')}` : ''}; ${crashed} crashes`,
      checks: { 'every one is refused': wrong.length === 0, 'no worker crashed': crashed === 0 },
    };
  },
};
