/** Clients that are slow, wrong or hostile. */
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { until, type Program } from '../support/program.ts';
import type { Fault } from './fault.ts';
import { ask } from './traffic.ts';

interface RawAnswer {
  readonly status: number;
  readonly text: string;
  readonly closedAfterMs: number;
}

function dial(program: Program): Socket {
  const { hostname, port } = new URL(program.url);
  return connect(Number(port), hostname);
}

/** Sends bytes as they are, then goes on dripping, and gives what came until the connection was closed. */
function raw(program: Program, bytes: string | Buffer, drip?: string): Promise<RawAnswer> {
  return new Promise((resolve) => {
    const startedAt = performance.now();
    const socket = dial(program);
    let text = '';
    const dripping = drip === undefined ? undefined : setInterval(() => socket.write(drip), 200);
    const giveUp = setTimeout(() => socket.destroy(), 20_000);
    socket.setEncoding('latin1').on('data', (part: string) => (text += part));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearInterval(dripping);
      clearTimeout(giveUp);
      const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0);
      resolve({ status, text, closedAfterMs: performance.now() - startedAt });
    });
    socket.write(bytes);
  });
}

function countStatuses(answers: readonly RawAnswer[]): string {
  return [...Map.groupBy(answers, ({ status }) => status)]
    .map(([status, all]) => `${all.length} × ${status}`)
    .join(', ');
}

export const slowSenders: Fault = {
  number: 19,
  name: 'slowloris',
  expects: 'slow headers and slow bodies: 408 and closed in time; healthy requests 100 %',
  async run(lab) {
    const program = await lab.start({ HEADERS_TIMEOUT_MS: '1500', REQUEST_TIMEOUT_MS: '3000' });
    const traffic = lab.load(program);
    const headers = Array.from({ length: 40 }, () =>
      raw(program, 'GET / HTTP/1.1\r\nHost: x\r\n', 'X-Slow: 1\r\n'),
    );
    const bodies = Array.from({ length: 40 }, () =>
      raw(
        program,
        'POST /faults/body HTTP/1.1\r\nHost: x\r\nContent-Type: application/octet-stream\r\nContent-Length: 100000\r\n\r\n',
        'x',
      ),
    );
    const slowHeaders = await Promise.all(headers);
    const slowBodies = await Promise.all(bodies);
    await traffic.stop();
    const latest = (answers: readonly RawAnswer[]) =>
      Math.round(Math.max(...answers.map(({ closedAfterMs }) => closedAfterMs)));
    return {
      figure: `headers: ${countStatuses(slowHeaders)} within ${latest(slowHeaders)} ms; bodies: ${countStatuses(slowBodies)} within ${latest(slowBodies)} ms; healthy: ${traffic.summary}`,
      checks: {
        'slow headers get 408': slowHeaders.every(({ status }) => status === 408),
        'slow bodies get 408': slowBodies.every(({ status }) => status === 408),
        'closed in time': latest(slowHeaders) < 5_000 && latest(slowBodies) < 7_000,
        'healthy requests are served': traffic.failed === 0,
      },
    };
  },
};

export const slowReaders: Fault = {
  number: 27,
  name: 'slow-readers',
  expects:
    'clients that do not read, or only drip by drip: cut in time; a steady reader gets all of its answer',
  async run(lab) {
    const program = await lab.start({ WORKERS: '1', SLOW_READER_TIMEOUT_MS: '2000' });
    const startedAt = performance.now();
    const cut: Promise<number>[] = [0, 1].flatMap((kind) =>
      Array.from({ length: 10 }, async () => {
        const socket = dial(program).on('error', () => undefined);
        socket.write('GET /faults/flood?n=64 HTTP/1.1\r\nHost: x\r\n\r\n');
        socket.pause();
        const dripping = kind === 0 ? undefined : setInterval(() => void socket.read(100), 100);
        // A paused socket does not hear its end: what the worker holds open is what counts.
        await until(
          'the cut',
          async () => ((await connections(program)) <= 2 ? true : undefined),
          20_000,
        ).catch(() => undefined);
        clearInterval(dripping);
        socket.destroy();
        return performance.now() - startedAt;
      }),
    );
    // Slower than the server, but steady: 64 MB in pieces of 1 MB.
    const steady = steadyReader(program);
    const received = await steady;
    const times = await Promise.all(cut);
    const latest = Math.round(Math.max(...times));
    return {
      figure: `20 slow readers cut within ${latest} ms; steady reader: ${Math.round(received / 1024 / 1024)} of 64 MB`,
      checks: {
        'slow readers are cut in time': latest < 12_000,
        'the steady reader got all': received >= 64 * 1024 * 1024,
      },
    };
  },
};

async function connections(program: Program): Promise<number> {
  const { text } = await ask({ url: `${program.managementUrl}/metrics` });
  return Number(/^http_connections (\d+)/m.exec(text)?.[1] ?? 0);
}

function steadyReader(program: Program): Promise<number> {
  return new Promise((resolve) => {
    let received = 0;
    const socket = dial(program).on('error', () => undefined);
    socket.write('GET /faults/flood?n=64 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    socket.on('data', (chunk) => {
      received += chunk.length;
      socket.pause();
      setTimeout(() => socket.resume(), 3);
    });
    socket.on('close', () => resolve(received));
  });
}

interface Case {
  readonly what: string;
  readonly request: string | Buffer;
  readonly status: readonly number[];
}

const post = (body: string, type = 'application/json') =>
  `POST /faults/json HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: ${type}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
const get = (target: string, headers = '') =>
  `GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${headers}\r\n`;

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
  number: 21,
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
  '/demos/../../package.json',
  '/demos/%2e%2e/%2e%2e/package.json',
  '/docs/..%2f..%2fpackage.json',
  '/assets/..%2fpackage.json',
  '/%00',
  '/demos/a%00b',
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
  '/demos//evil.example',
];

export const traversal: Fault = {
  number: 22,
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

export const secretsInLog: Fault = {
  number: 23,
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
    // Refused by the parser before they became requests: an answer, and no line.
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
