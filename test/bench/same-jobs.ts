import { setTimeout as sleep } from 'node:timers/promises';
import type { Contestant } from './contestant.ts';

const securityHeaders = [
  'content-security-policy',
  'x-content-type-options',
  'x-frame-options',
  'referrer-policy',
];

/** A contestant that leaves a job undone would win unfairly: then there is no bench. */
export async function checkSameJobs(contestant: Contestant): Promise<void> {
  const missing: string[] = [];
  const must = (job: string, done: boolean) => {
    if (!done) missing.push(job);
  };
  const url = `${contestant.url}/bench/small`;
  const linesBefore = await settledLines(contestant);
  const countBefore = await histogramCount(contestant);
  const id = 'bench-request-1';
  const small = await fetch(url, { headers: { 'X-Request-Id': id } });
  await small.arrayBuffer();

  must('status 200', small.status === 200);
  must('the request id', small.headers.get('x-request-id') === id);
  const notFound = await fetch(`${contestant.url}/bench/missing`);
  must('a 404', notFound.status === 404);
  for (const [where, { headers }] of Object.entries({ 'an answer': small, 'a 404': notFound })) {
    for (const header of securityHeaders) must(`${header} on ${where}`, headers.has(header));
    must(
      `rate-limit headers on ${where}`,
      [...headers.keys()].some((name) => name.includes('ratelimit')),
    );
    must(`a request id on ${where}`, headers.has('x-request-id'));
  }
  for (const encoding of ['gzip', 'br']) {
    const large = await fetch(`${contestant.url}/bench/large`, { headers: { 'Accept-Encoding': encoding } });
    await large.arrayBuffer();
    must(`compression with ${encoding}`, large.headers.get('content-encoding') === encoding);
  }
  const invalid = await fetch(`${contestant.url}/bench/orders`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: '{"customer":1}',
  });
  must('validation', invalid.status >= 400);
  must('one count in the histogram', (await histogramCount(contestant)) === countBefore + 1);
  // The requests above: one small, two large, a 404, an invalid one, and those for the metrics where they are the app's.
  const own = contestant.managementUrl === undefined ? 2 : 0;
  must('one log line a request', (await settledLines(contestant)) === linesBefore + 5 + own);
  if (missing.length > 0)
    throw new Error(`${contestant.name} does not do the same jobs; it lacks ${missing.join(', ')}`);
}

async function histogramCount({ url, managementUrl }: Contestant): Promise<number> {
  const text = await (await fetch(`${managementUrl ?? url}/metrics`)).text();
  return Number(
    /http_request_duration_seconds_count\{[^}]*route="\/bench\/small"[^}]*\} (\d+)/.exec(text)?.[1] ?? 0,
  );
}

/** Lines of the log that speak of a request, once the buffer has been written. */
async function settledLines(contestant: Contestant): Promise<number> {
  await sleep(400);
  return contestant.log.split('\n').filter((line) => /\/bench\/|\/metrics/.test(line)).length;
}
