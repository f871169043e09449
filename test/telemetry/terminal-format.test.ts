import { describe, expect, test } from '@jest/globals';
import { createTerminalFormat, readTerminalOptions } from '../../src/telemetry/terminal-format.ts';

const time = new Date(2026, 10, 30, 16, 50, 4).toISOString();
const plain = createTerminalFormat({ colors: false, details: false });
const detailed = createTerminalFormat({ colors: false, details: true });
const colored = createTerminalFormat({ colors: true, details: false });
const line = (fields: object) => `${JSON.stringify({ level: 'info', time, name: 'x', pid: 7, ...fields })}\n`;
const request = (fields: object) =>
  line({
    worker: 2,
    requestId: 'abc',
    event: 'request',
    method: 'GET',
    path: '/livez',
    status: 200,
    durationMs: 8.4,
    bytes: 18,
    msg: 'request',
    ...fields,
  });

describe('the log on a terminal', () => {
  test('has one line per request, with its other fields only at level debug', () => {
    expect(plain(request({}))).toBe('16:50:04 w2 GET /livez 200 8 ms\n');
    expect(plain(request({ closedBy: 'client', status: 499, durationMs: 1234 }))).toBe(
      '16:50:04 w2 GET /livez 499 1.2 s closed by client\n',
    );
    expect(detailed(request({}))).toBe('16:50:04 w2 GET /livez 200 8 ms requestId=abc bytes=18\n');
  });

  test.each([
    [200, 32],
    [304, 32],
    [404, 33],
    [503, 31],
  ])('colors the status %i', (status, color) => {
    expect(colored(request({ status }))).toContain(`\u001B[${color}m${status}\u001B[39m`);
  });

  test('says in four lines what runs where and what to try', () => {
    const started = { role: 'primary', event: 'started', address: 'http://one', management: 'http://two' };
    const text = plain(line({ ...started, workers: [{ id: 1 }, { id: 2 }], afterMs: 2_804, msg: 'ready' }));
    expect(text.split('\n')).toEqual([
      `16:50:04 p  x is ready after 2.8 s: 2 workers, Node.js ${process.version}`,
      expect.stringMatching(/^ +app +http:\/\/one$/),
      expect.stringMatching(/^ +management +http:\/\/two /),
      expect.stringMatching(/^ +try +curl http:\/\/one /),
      '',
    ]);
    expect(plain(line({ ...started, role: undefined, worker: 0, workers: 0 }))).toContain('one process');
  });

  test('shows an event of a worker with its fields, and an error with its stack below', () => {
    const crashed = {
      role: 'primary',
      event: 'crashed',
      worker: 3,
      workerPid: 8,
      slot: 0,
      code: 80,
      signal: null,
    };
    expect(plain(line({ ...crashed, level: 'warn', msg: 'worker crashed' }))).toBe(
      '16:50:04 p  worker crashed worker=3 code=80\n',
    );
    const err = { type: 'Error', message: 'no', stack: 'Error: no\n    at one\ncaused by: two' };
    expect(plain(line({ worker: 1, level: 'error', err, msg: 'request failed' }))).toBe(
      '16:50:04 w1 error: request failed\n              Error: no\n                  at one\n              caused by: two\n',
    );
  });

  test('lets no path and no message control the terminal', () => {
    const evil = '/\u001B[2J\u009B2J\r\n\u0007';
    for (const fields of [{ path: evil }, { event: 'other', msg: evil, more: evil, err: { stack: evil } }]) {
      const text = detailed(request(fields));
      expect(text.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
      expect(text).toContain(String.raw`/\x1b[2J\x9b2J\x0d\x0a\x07`);
    }
  });
});

describe('whether the log is for people', () => {
  const terminal = { isTTY: true, hasColors: () => true };
  const file = { isTTY: false, hasColors: () => false };
  test.each([
    ['auto', 'development', terminal, { colors: true, details: false }],
    ['auto', 'development', file, undefined],
    ['auto', 'production', terminal, undefined],
    ['json', 'development', terminal, undefined],
    ['pretty', 'production', file, { colors: false, details: false }],
  ] as const)('LOG_FORMAT=%s in %s', (LOG_FORMAT, NODE_ENV, stdout, expected) => {
    expect(readTerminalOptions({ LOG_FORMAT, NODE_ENV, LOG_LEVEL: 'info' }, stdout)).toEqual(expected);
  });
});
