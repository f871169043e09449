import { setTimeout as sleep } from 'node:timers/promises';
import type { Contestant } from './contestant.ts';

const securityHeaders = [
  'content-security-policy',
  'x-content-type-options',
  'x-frame-options',
  'referrer-policy',
];

/** @throws {Error} if a contestant omits work that the others do, which would make the comparison unfair */
export async function checkSameWork(contestant: Contestant): Promise<void> {
  const missing: string[] = [];
  const check = (work: string, done: boolean) => {
    if (!done) missing.push(work);
  };
  const linesBefore = await countRequestLines(contestant);
  const countBefore = await histogramCount(contestant);
  const id = 'bench-request-1';
  const small = await fetch(`${contestant.url}/bench/small`, { headers: { 'X-Request-Id': id } });
  await small.arrayBuffer();

  check('status 200', small.status === 200);
  check('the request id', small.headers.get('x-request-id') === id);
  const notFound = await fetch(`${contestant.url}/bench/missing`);
  check('a 404', notFound.status === 404);
  for (const [name, { headers }] of Object.entries({ 'a response': small, 'a 404': notFound })) {
    for (const header of securityHeaders) check(`${header} on ${name}`, headers.has(header));
    check(
      `rate-limit headers on ${name}`,
      [...headers.keys()].some((header) => header.includes('ratelimit')),
    );
    check(`a request id on ${name}`, headers.has('x-request-id'));
  }
  for (const encoding of ['gzip', 'br']) {
    const large = await fetch(`${contestant.url}/bench/large`, { headers: { 'Accept-Encoding': encoding } });
    await large.arrayBuffer();
    check(`compression with ${encoding}`, large.headers.get('content-encoding') === encoding);
  }
  const invalid = await fetch(`${contestant.url}/bench/orders`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: '{"customer":1}',
  });
  check('validation', invalid.status >= 400);
  check('one histogram entry', (await histogramCount(contestant)) === countBefore + 1);
  // One small request, two large ones, a 404, an invalid one, and the two for metrics without a management port.
  const requests = contestant.managementUrl === undefined ? 7 : 5;
  check('one log line per request', (await countRequestLines(contestant)) === linesBefore + requests);
  if (missing.length > 0)
    throw new Error(`${contestant.name} does not do the same work, it lacks ${missing.join(', ')}`);
}

async function histogramCount({ url, managementUrl }: Contestant): Promise<number> {
  const text = await (await fetch(`${managementUrl ?? url}/metrics`)).text();
  return Number(
    /http_request_duration_seconds_count\{[^}]*route="\/bench\/small"[^}]*\} (\d+)/.exec(text)?.[1] ?? 0,
  );
}

/** Counts the log lines of requests, after the log buffer has been written. */
async function countRequestLines(contestant: Contestant): Promise<number> {
  await sleep(400);
  return contestant.log.split('\n').filter((line) => /\/bench\/|\/metrics/.test(line)).length;
}
