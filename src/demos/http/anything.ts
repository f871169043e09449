import { buffer } from 'node:stream/consumers';
import { z } from 'zod';
import { bytes, count } from '../kit/answer/units.ts';
import { demoRoute } from '../kit/demo.ts';
import { isDeeperThan } from '../kit/nesting.ts';

/** Deeper JSON can be parsed, but not always serialized: `JSON.stringify` takes stack space for each level. */
const MAX_JSON_DEPTH = 32;
/** Not echoed: a script of this origin could read what browsers hide from scripts. */
const secretHeaders = new Set(['authorization', 'cookie', 'proxy-authorization']);

const headerValue = z.union([z.string(), z.array(z.string())]);

export const anythingRoute = demoRoute({
  method: 'all',
  path: '/anything',
  title: 'Echo a request',
  summary: 'Returns the request as it arrived, as JSON, for any method.',
  teaches:
    'Libraries and proxies change a request on its way, so an echo shows what really arrives. It is never sent as ' +
    'HTML: otherwise a script in the request would run in the browser.',
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
      .describe('Address of the client; forwarding headers count only from trusted proxies'),
    headers: z.record(z.string(), headerValue).describe('Credentials and cookies are left out'),
    body: z.strictObject({
      bytes: z.number(),
      text: z.string().nullable().describe('Null if it is not UTF-8'),
      json: z
        .unknown()
        .optional()
        .describe(
          `Present if the body is valid JSON, is not declared as another type and has at most ${MAX_JSON_DEPTH} levels`,
        ),
    }),
  }),
  examples: [
    { title: 'A GET with a query', query: { name: 'Ada', page: 2 } },
    { title: 'A PUT with a body', method: 'PUT', stdin: "printf '<b>hello</b>'" },
    { title: 'A DELETE', method: 'DELETE', query: { as: 'text' } },
  ],
  contrasts: ['buffers/inspect'],
  async run({ req, res, body: chunks }) {
    const body = await buffer(chunks);
    const result = {
      method: req.method,
      path: req.baseUrl + req.path,
      query: namesAndValues(req.query),
      httpVersion: req.httpVersion,
      from: res.locals.ip ?? null,
      headers: namesAndValues(req.headers, (name) => secretHeaders.has(name)),
      body: describeBody(body, req.is('json') !== false),
    };
    const parameters = count(Object.keys(result.query).length, 'query parameter');
    const headers = count(Object.keys(result.headers).length, 'header');
    return {
      result,
      lesson: {
        headline: `A ${result.method} arrived with ${bytes(body.length)} of body`,
        text:
          `It used HTTP/${result.httpVersion} and had ${parameters} and ${headers}. ` +
          'The echo is data: a browser displays it and does not run it.',
      },
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

function namesAndValues(values: object, isSecret: (name: string) => boolean = () => false) {
  const entries = Object.entries(values as Record<string, string | string[]>).map(
    ([name, value]): [string, string | string[]] => [
      name,
      isSecret(name) ? `(${String(value).length} characters, not echoed)` : value,
    ],
  );
  return Object.fromEntries(entries);
}
