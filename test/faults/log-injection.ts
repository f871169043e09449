/** What clients can put into the log. */
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../support/program.ts';
import type { Fault } from './fault.ts';
import { get, post, raw } from './raw.ts';

export const secretsInLog: Fault = {
  name: 'log-injection',
  expects: 'secrets and CR LF in every field a client can set: none in the log; one line a request',
  async run(lab) {
    const program = await lab.start();
    const secret = 'hunter2-s3cret';
    const fake = '%0d%0a%7B%22level%22:%22fatal%22%7D';
    const body = JSON.stringify({ name: secret, size: secret });
    const requests = [
      get(`/faults/small?token=${secret}&x=${fake}`),
      get(`/nowhere?password=${secret}#${secret}`),
      get(`/nowhere${fake}`),
      get('/faults/small', `Authorization: Bearer ${secret}\r\nCookie: session=${secret}\r\n`),
      get('/faults/small', `X-Request-Id: id=${secret}\r\ntraceparent: 00-${secret}-01\r\n`),
      get(
        '/faults/small',
        `User-Agent: ${secret}\r\nReferer: http://x/?token=${secret}\r\nX-Forwarded-For: ${secret}\r\n`,
      ),
      get(
        '/faults/small',
        `Accept: ${secret}/json\r\nForwarded: for=${secret}\r\nX-Forwarded-Host: ${secret}\r\nTE: ${secret}\r\n`,
      ),
      get(
        '/faults/small',
        `Proxy-Authorization: Basic ${Buffer.from(`me:${secret}`).toString('base64')}\r\n`,
      ),
      get(`http://me:${secret}@x/faults/small`),
      get(
        '/faults/small',
        `Host2: ${secret}\tX\r\nAccept-Language: ${secret}\r\nIf-None-Match: "${secret}"\r\nRange: ${secret}\r\n`,
      ),
      post(body),
      post(`{"${secret}":`),
      post(body, `text/plain; ${secret}`),
      get(`/faults/slow?n=${secret}`),
    ];
    const rounds = lab.amount(20);
    for (let round = 0; round < rounds; round += 1) {
      for (const request of requests) await raw(program, request);
    }
    // Refused by the parser before they became requests: an answer, and a line with nothing of them.
    await raw(program, get('/faults/small', `X-Split: a\rb${secret}\r\n`));
    await raw(program, get('/faults/small', `X-Nul: \0${secret}\r\n`));
    const sent = rounds * requests.length;
    const count = () => program.lines.filter(({ event }) => event === 'request').length;
    await until('the lines', () => (count() >= sent ? true : undefined), 5_000).catch(() => undefined);
    await sleep(300);
    const found =
      program.output.split(secret).length -
      1 +
      (program.output.split(Buffer.from(`me:${secret}`).toString('base64')).length - 1);
    const notJson = program.output.split('\n').filter((line) => line !== '' && !isJson(line)).length;
    return {
      figure: `${sent} requests, ${count()} lines, ${notJson} of them no JSON, ${found} secrets`,
      checks: {
        'no secret in the log': found === 0,
        'one line a request': count() === sent,
        'every line is JSON': notJson === 0,
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
