import express, { type Express } from 'express';
import { z } from 'zod';
import { count } from '../kit/answer/units.ts';
import { demoRoute, oneOf, type Lesson } from '../kit/demo.ts';
import { fetchResponse, overLoopback } from '../kit/measure/loopback.ts';
import { mayRead, maySend, type Credentials } from './browser.ts';
import { createCorsChecks, FRONT_END, type CorsCheck } from './cors-checks.ts';

/** Pages by a short name, with the origin that their browser sends. */
const pages = {
  frontEnd: FRONT_END,
  stranger: 'https://evil.example',
  lookalike: 'https://evil-example.com',
  longer: `${FRONT_END}.evil.example`,
  sandboxed: 'null',
} as const;
type Page = keyof typeof pages;
const pageNames = Object.keys(pages) as Page[];

const row = z.strictObject({
  check: z.string(),
  ...(Object.fromEntries(pageNames.map((name) => [name, z.boolean()])) as Record<Page, z.ZodBoolean>),
});
type Row = z.infer<typeof row>;

const result = z.strictObject({
  credentials: z.enum(['omit', 'include']),
  origins: z.strictObject(
    Object.fromEntries(pageNames.map((name) => [name, z.string()])) as Record<Page, z.ZodString>,
  ),
  read: z.array(row).describe('Whether a browser would let the page read the response'),
  deleted: z.array(row).describe('Whether the DELETE that the preflight allowed was executed'),
  caches: z.array(
    z.strictObject({
      check: z.string(),
      differs: z.boolean().describe('Whether different pages get different permissions'),
      variesByOrigin: z.boolean().describe('Whether a cache keeps the responses to different pages apart'),
    }),
  ),
});
type Result = z.infer<typeof result>;

export const cors = demoRoute({
  method: 'get',
  path: '/cors',
  title: 'Who may read responses',
  summary:
    'Sends requests of five pages to six CORS checks, and applies the rules of browsers to the responses.',
  teaches:
    'A browser lets a page of another origin read a response only if the response names that origin. A check that matches ' +
    'a part of the name, or repeats any origin, opens the data of signed-in users to every site.',
  query: z.object({ credentials: oneOf('Whether pages send cookies', ['include', 'omit']) }),
  result,
  examples: [
    { title: 'Pages that send cookies', query: { credentials: 'include', as: 'text' } },
    { title: 'Pages that send none', query: { credentials: 'omit', as: 'text' } },
  ],
  contrasts: ['security/csrf', 'security/cors?credentials=omit', 'security/cors?credentials=include'],
  async run({ query, signal, timeline }) {
    const checks = createCorsChecks();
    const service = new Service(checks);
    const outcomes = await overLoopback(service.app, (url) =>
      timeline.record('requests of all pages', 'pages', async () => {
        const all: Outcome[] = [];
        for (const [index, { name }] of checks.entries()) {
          all.push(await visit({ check: name, url: `${url}/${index}`, service, signal, ...query }));
        }
        return all;
      }),
    );
    const observed: Result = {
      credentials: query.credentials,
      origins: pages,
      read: outcomes.map(({ read }) => read),
      deleted: outcomes.map(({ deleted }) => deleted),
      caches: outcomes.map(({ read: { check }, cache }) => ({ check, ...cache })),
    };
    return { result: observed, lesson: conclude(observed) };
  },
});

/** The same small app behind each check. */
class Service {
  readonly app: Express = express();
  /** How many DELETE requests it has executed. */
  deletions = 0;

  constructor(checks: readonly CorsCheck[]) {
    for (const [index, { layer }] of checks.entries()) this.app.use(`/${index}`, layer);
    this.app.get('/:check', (_req, res) => {
      res.json({ balance: 100 });
    });
    this.app.delete('/:check', (_req, res) => {
      this.deletions += 1;
      res.status(204).end();
    });
  }
}

interface Visit {
  readonly check: string;
  readonly url: string;
  readonly service: Service;
  readonly credentials: Credentials;
  readonly signal: AbortSignal;
}

interface Outcome {
  readonly read: Row;
  readonly deleted: Row;
  readonly cache: { readonly differs: boolean; readonly variesByOrigin: boolean };
}

/** Each page reads, asks whether it may delete, and deletes if its browser would send the request. */
async function visit({ check, url, service, credentials, signal }: Visit): Promise<Outcome> {
  const read: [Page, boolean][] = [];
  const deleted: [Page, boolean][] = [];
  const permissions = new Set<unknown>();
  let variesByOrigin = true;
  for (const page of pageNames) {
    const origin = pages[page];
    const headers = { origin, ...(credentials === 'include' ? { cookie: 'session=1' } : {}) };
    const response = await fetchResponse(url, { headers, signal });
    read.push([page, mayRead(response, origin, credentials)]);
    permissions.add(response.headers['access-control-allow-origin']);
    variesByOrigin &&= /\borigin\b/i.test(response.headers.vary ?? '');
    const preflight = await fetchResponse(url, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'DELETE' }, // a browser sends no cookies with it
      signal,
    });
    const before = service.deletions;
    if (maySend(preflight, { method: 'DELETE', origin, credentials })) {
      await fetchResponse(url, { method: 'DELETE', headers, signal });
    }
    deleted.push([page, service.deletions > before]);
  }
  return {
    read: { check, ...(Object.fromEntries(read) as Record<Page, boolean>) },
    deleted: { check, ...(Object.fromEntries(deleted) as Record<Page, boolean>) },
    cache: { differs: permissions.size > 1, variesByOrigin },
  };
}

/** The pages that are not the front end and got through. */
function foreignIn(cells: Row): Page[] {
  return pageNames.filter((name) => name !== 'frontEnd' && cells[name]);
}

function conclude({ credentials, read, deleted, caches }: Result): Lesson {
  const [list, ...others] = read;
  const open = others.filter((cells) => foreignIn(cells).length > 0);
  const foreign = list === undefined ? [] : foreignIn(list);
  const details = open.map((cells) => `"${cells.check}" lets ${foreignIn(cells).join(', ')} read`);
  const deletions = deleted.reduce((sum, cells) => sum + foreignIn(cells).length, 0);
  const mixed = caches.filter(({ differs, variesByOrigin }) => differs && !variesByOrigin);
  const served = list?.frontEnd === true ? 'The front end could read with the exact list.' : '';
  return {
    headline:
      foreign.length > 0
        ? 'The exact list let a foreign page read, which should be impossible'
        : `${open.length} of ${others.length} shortcuts let a foreign page read, the list none`,
    text:
      `${served} ${details.join('; ')}. Foreign pages got ${count(deletions, 'DELETE request')} executed. ` +
      (mixed.length === 0
        ? ''
        : `Responses of ${count(mixed.length, 'check')} differ by page without \`Vary: Origin\`: a cache serves one page the ` +
          'permission of another. ') +
      (credentials === 'include'
        ? 'Browsers refuse * for requests with cookies.'
        : 'Without cookies, * opens only what everyone may read.'),
  };
}
