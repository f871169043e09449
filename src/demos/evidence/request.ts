import { once } from 'node:events';
import { request as start, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';

interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal: AbortSignal;
}

export interface Answered {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** As it came over the wire: compressed where it was. */
  readonly body: Buffer;
}

/** Makes a request on a connection of its own; the caller reads the answer, or leaves. */
export async function open(url: string, asked: Asked): Promise<IncomingMessage> {
  const { method = 'GET', headers = {}, body, signal } = asked;
  const request = start(url, { method, headers, agent: false, signal });
  request.end(body);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  return response;
}

/** Makes a request and reads the whole answer. */
export async function exchange(url: string, asked: Asked): Promise<Answered> {
  const response = await open(url, asked);
  const chunks: Buffer[] = [];
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
  return { status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) };
}
