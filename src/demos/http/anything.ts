import { buffer } from 'node:stream/consumers';
import { z } from 'zod';
import { demoRoute } from '../demo.ts';
import { bytes, count } from '../evidence/words.ts';
import { isDeeperThan } from '../work/depth.ts';

/** JSON can be parsed that is too deep to be written again: each level of it takes room on the stack. */
const MAX_JSON_DEPTH = 32;
/** An echo that shows these would hand to any script of this origin what browsers keep from scripts. */
const secretHeaders = new Set(['authorization', 'cookie', 'proxy-authorization']);

const headerValue = z.union([z.string(), z.array(z.string())]);

export const anythingRoute = demoRoute({
  method: 'all',
  path: '/anything',
  summary: 'Echoes what arrived, with any method, as JSON.',
  teaches:
    'What a client thinks it sent and what arrives are two things. An echo is data and never HTML: what comes back must not become a page with a script in it.',
  query: z.looseObject({}),
  body: { mediaType: '*/*', maxBytes: 100_000, description: 'Anything' },
  result: z.strictObject({
    method: z.string(),
    path: z.string(),
    query: z.record(z.string(), headerValue),
    httpVersion: z.string(),
    from: z
      .string()
      .nullable()
      .describe('The address of the client; forwarding headers count where they are believed'),
    headers: z.record(z.string(), headerValue).describe('With values of secret ones left out'),
    body: z.strictObject({
      bytes: z.number(),
      text: z.string().nullable().describe('Null where it is not UTF-8'),
      json: z
        .unknown()
        .optional()
        .describe(`Where it is JSON by its type and by its content, at most ${MAX_JSON_DEPTH} levels deep`),
    }),
  }),
  examples: [
    { title: 'A GET with a query', query: { name: 'Ada', page: 2 } },
    { title: 'A PUT with a body', method: 'PUT', stdin: "printf '<b>hello</b>'" },
    { title: 'A DELETE', method: 'DELETE', query: { as: 'text' } },
  ],
  contrasts: ['buffers/inspect'],
  async run({ req, body: chunks }) {
    const body = await buffer(chunks);
    const result = {
      method: req.method,
      path: req.baseUrl + req.path,
      query: namesAndValues(req.query),
      httpVersion: req.httpVersion,
      from: req.ip ?? null,
      headers: namesAndValues(req.headers, (name) => secretHeaders.has(name)),
      body: describeBody(body, req.is('json') !== false),
    };
    const asked = count(Object.keys(result.query).length, 'query parameter');
    return {
      result,
      lesson:
        `${result.method} arrived by HTTP/${result.httpVersion} with ${asked}, ${count(Object.keys(result.headers).length, 'header')} and a body of ${bytes(body.length)}; ` +
        `it comes back as data, which a browser shows and never runs.`,
    };
  },
});

function describeBody(body: Buffer, isJson: boolean) {
  const text = decode(body);
  const json = isJson && text !== null ? parse(text) : undefined;
  return { bytes: body.length, text, ...(json === undefined ? {} : { json }) };
}

function decode(body: Buffer): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch {
    return null;
  }
}

function parse(text: string): unknown {
  try {
    const json = JSON.parse(text) as unknown;
    return isDeeperThan(MAX_JSON_DEPTH, json) ? undefined : json;
  } catch {
    return undefined;
  }
}

function namesAndValues(given: object, isSecret: (name: string) => boolean = () => false) {
  const entries = Object.entries(given as Record<string, string | string[]>).map(
    ([name, value]): [string, string | string[]] => [
      name,
      isSecret(name) ? `(${String(value).length} characters, not echoed)` : value,
    ],
  );
  return Object.fromEntries(entries);
}
