import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../../support/program.ts';
import type { Fault } from '../fault.ts';
import { get, postJson, sendRaw } from '../raw.ts';

const SECRET = 'hunter2-s3cret';
const CREDENTIALS = Buffer.from(`me:${SECRET}`).toString('base64');
/** A URL-encoded line break and a log line. */
const FAKE_LINE = '%0d%0a%7B%22level%22:%22fatal%22%7D';

function withHeaders(...headers: readonly string[]): string {
  return get('/faults/small', headers.map((header) => `${header}\r\n`).join(''));
}

const body = JSON.stringify({ name: SECRET, size: SECRET });
const requests = [
  get(`/faults/small?token=${SECRET}&x=${FAKE_LINE}`),
  get(`/nowhere?password=${SECRET}#${SECRET}`),
  get(`/nowhere${FAKE_LINE}`),
  withHeaders(`Authorization: Bearer ${SECRET}`, `Cookie: session=${SECRET}`),
  withHeaders(`X-Request-Id: id=${SECRET}`, `traceparent: 00-${SECRET}-01`),
  withHeaders(`User-Agent: ${SECRET}`, `Referer: http://x/?token=${SECRET}`, `X-Forwarded-For: ${SECRET}`),
  withHeaders(
    `Accept: ${SECRET}/json`,
    `Forwarded: for=${SECRET}`,
    `X-Forwarded-Host: ${SECRET}`,
    `TE: ${SECRET}`,
  ),
  withHeaders(`Proxy-Authorization: Basic ${CREDENTIALS}`),
  get(`http://me:${SECRET}@x/faults/small`),
  withHeaders(
    `Host2: ${SECRET}\tX`,
    `Accept-Language: ${SECRET}`,
    `If-None-Match: "${SECRET}"`,
    `Range: ${SECRET}`,
  ),
  postJson(body),
  postJson(`{"${SECRET}":`),
  postJson(body, `text/plain; ${SECRET}`),
  get(`/faults/slow?n=${SECRET}`),
];
/** Rejected by the parser. */
const unparsable = [`X-Split: a\rb${SECRET}\r\n`, `X-Nul: \0${SECRET}\r\n`].map((line) =>
  get('/faults/small', line),
);

export const logInjection: Fault = {
  name: 'log-injection',
  expects: 'secrets and CR LF in every part of a request: none in the log; one JSON line per request',
  async run(sandbox) {
    const program = await sandbox.start();
    const rounds = sandbox.amount(20);
    for (let round = 0; round < rounds; round += 1) {
      for (const request of requests) await sendRaw(program, request);
    }
    for (const request of unparsable) await sendRaw(program, request);
    const sent = rounds * requests.length;
    const count = () => program.lines.filter(({ event }) => event === 'request').length;
    await until('the log lines', () => (count() >= sent ? true : undefined), 5_000).catch(() => undefined);
    await sleep(300); // an unexpected line would arrive by then
    const secrets = [SECRET, CREDENTIALS].reduce(
      (sum, text) => sum + program.output.split(text).length - 1,
      0,
    );
    const invalid = program.output.split('\n').filter((line) => line !== '' && !isJson(line)).length;
    return {
      figure: `${sent} requests: ${count()} lines, ${invalid} lines that are not JSON, ${secrets} secrets`,
      checks: {
        'no secret in the log': secrets === 0,
        'one line per request': count() === sent,
        'every line is JSON': invalid === 0,
        'nothing on standard error': program.errors === '',
      },
    };
  },
};

function isJson(line: string): boolean {
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}
