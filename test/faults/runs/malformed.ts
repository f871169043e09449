/** Malformed requests, and targets that try to leave the service. */
import type { Program } from '../../support/program.ts';
import type { Fault } from '../fault.ts';
import { get, postJson, sendRaw } from '../raw.ts';

const malformed: readonly (readonly [what: string, request: string, ...statuses: number[]])[] = [
  ['malformed JSON', postJson('{"name":'), 400],
  ['form data instead of JSON', postJson('name=x', 'application/x-www-form-urlencoded'), 415],
  ['wrong types', postJson('{"name":1,"size":"x"}'), 400, 422],
  ['null', postJson('null'), 400, 422],
  ['array', postJson('[]'), 400, 422],
  ['empty body', postJson(''), 400, 415, 422],
  ['huge body', postJson(JSON.stringify({ name: 'x'.repeat(200_000), size: 1 })), 413],
  ['__proto__', postJson('{"__proto__":{"name":"x","size":1}}'), 400, 422],
  ['deep nesting', postJson(`${'['.repeat(40_000)}${']'.repeat(40_000)}`), 400, 422],
  ['unknown charset', postJson('{}', 'application/json; charset=klingon'), 400, 415],
  ['repeated parameter', get('/faults/slow?n=1&n=2'), 400],
  ['text for a number', get('/faults/slow?n=x'), 400],
  ['__proto__ in the query', get('/faults/slow?__proto__[n]=1&n=-1'), 400],
  ['URL over the limit', get(`/${'x'.repeat(10_000)}`), 414],
  ['URL longer than all headers may be', get(`/${'x'.repeat(100_000)}`), 414, 431],
  ['huge headers', get('/', `X-Huge: ${'x'.repeat(100_000)}\r\n`), 431],
  [
    'two Content-Length headers',
    'POST /faults/body HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx',
    400,
  ],
  [
    'Content-Length and Transfer-Encoding',
    'POST /faults/body HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    400,
  ],
  ['TLS handshake', '\u0016\u0003\u0001 hello\r\n\r\n', 400],
  ['unknown method', 'BREW / HTTP/1.1\r\nHost: x\r\n\r\n', 400],
  ['no Host header', 'GET / HTTP/1.1\r\n\r\n', 400],
];

export const malformedRequests: Fault = {
  name: 'malformed-requests',
  expects:
    'malformed JSON, huge bodies, `__proto__`, conflicting headers and more: correct 4xx with problem details',
  async run(sandbox) {
    const program = await sandbox.start();
    const unexpected: string[] = [];
    for (const [what, request, ...statuses] of malformed) {
      const { status, text } = await sendRaw(program, request);
      const isProblem = /^content-type: application\/problem\+json/im.test(text);
      if (!statuses.includes(status) || !isProblem)
        unexpected.push(`${what}: ${status}${isProblem ? '' : ' without problem details'}`);
    }
    return conclude(program, 'correct', malformed.length, unexpected);
  },
};

const targets = [
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

export const pathTraversal: Fault = {
  name: 'path-traversal',
  expects: 'path traversal, NUL bytes, dotfiles, protocol-relative targets: 4xx without Location',
  async run(sandbox) {
    const program = await sandbox.start();
    const unexpected: string[] = [];
    for (const target of targets) {
      const { status, text } = await sendRaw(program, get(target));
      const location = /^location: *(.*)$/im.exec(text)?.[1];
      if (status < 400 || status > 499 || location !== undefined)
        unexpected.push(`${target}: ${status} ${location ?? ''}`);
    }
    return conclude(program, 'rejected', targets.length, unexpected);
  },
};

function conclude(program: Program, expected: string, total: number, unexpected: readonly string[]) {
  const crashes = program.lines.filter(({ event }) => event === 'crashed').length;
  const others = unexpected.length > 0 ? `; not: ${unexpected.join(', ')}` : '';
  return {
    figure: `${total - unexpected.length} of ${total} ${expected}${others}; ${crashes} crashes`,
    checks: { [`every request ${expected}`]: unexpected.length === 0, 'no crash': crashes === 0 },
  };
}
