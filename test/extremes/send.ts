/** Sends a request and reads as much of the response as its kind needs. */
import { request as startRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { once } from 'node:events';
import type { ExtremeRequest } from './extreme-requests.ts';

/** A stream may go on for hours: the client disconnects after this time, which is an extreme of its own. */
const STREAM_MS = 400;

export interface Received {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly elapsedMs: number;
}

/** @throws if there is no response within the time */
export async function send(origin: string, extreme: ExtremeRequest, timeoutMs: number): Promise<Received> {
  const { method, target, headers, body, evidence } = extreme;
  const startedAt = performance.now();
  const request = startRequest(origin + target, {
    method,
    headers,
    agent: false,
    signal: AbortSignal.timeout(timeoutMs),
  });
  request.end(body);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const status = response.statusCode ?? 0;
  const text = evidence || status >= 400 ? await readAll(response) : await readFor(STREAM_MS, response);
  return { status, headers: response.headers, body: text, elapsedMs: performance.now() - startedAt };
}

async function readAll(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

/** Reads and discards the body until its end or for this time, then disconnects. */
async function readFor(ms: number, response: IncomingMessage): Promise<string> {
  const timer = setTimeout(() => response.destroy(), ms);
  response.on('error', () => undefined);
  response.resume();
  await once(response, 'close');
  clearTimeout(timer);
  return '';
}
