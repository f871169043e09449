import type { IncomingMessage, ServerResponse } from 'node:http';
import { json } from 'node:stream/consumers';
import { z } from 'zod';
import { requireMatch } from '../../http/preconditions.ts';
import { Problem } from '../../http/problem.ts';
import { count } from '../kit/answer/units.ts';
import { demoRoute, oneOf, wholeNumber, type DemoCall, type Lesson } from '../kit/demo.ts';
import { fetchResponse, overLoopback, type ReceivedResponse } from '../kit/measure/loopback.ts';

const ways = ['last', 'blind', 'if-match'] as const;
type Way = (typeof ways)[number];

const resultSchema = z.strictObject({
  way: z.enum(ways),
  clients: z.number().describe('Each reads the list, adds a line, and writes the list'),
  confirmed: z.number().describe('Clients that received a 200'),
  conflicts: z.number().describe('Responses with 412: the list had changed since it was read'),
  reads: z.number(),
  writes: z.number().describe('Requests to write'),
  linesAtEnd: z.number(),
  lost: z.number().describe('Confirmed lines that are not in the list'),
  withoutIfMatch: z.number().describe('The status of a write without If-Match'),
});
export type Result = z.infer<typeof resultSchema>;

export const lostUpdateRoute = demoRoute({
  method: 'get',
  path: '/lost-update',
  title: 'Do not overwrite what others wrote',
  summary: 'Lets clients read the same list, add a line each, and write it back with or without `If-Match`.',
  teaches:
    'The last of several clients that read and write the same resource overwrites the others. With If-Match the server rejects a ' +
    'write to a state that the client has not seen (412). The client must then read again and repeat its change: the new ' +
    'ETag with the old content overwrites as before.',
  query: z.object({
    way: oneOf(
      'No condition, If-Match where a client answers a 412 with the new ETag and its old content, or where it reads again',
      ways,
    ),
    clients: wholeNumber('Clients that edit at the same time', { min: 1, max: 50, default: 10 }),
  }),
  result: resultSchema,
  examples: [
    { title: 'The last one wins', query: { way: 'last', as: 'text' } },
    { title: 'A 412 that is ignored', query: { way: 'blind', as: 'text' } },
    { title: 'Read again after a 412', query: { way: 'if-match', as: 'text' } },
  ],
  contrasts: [
    'http/lost-update?way=last',
    'http/lost-update?way=blind',
    'http/lost-update?way=if-match',
    'http/cache',
    'database/lost-update',
  ],
  async run(call) {
    const result = await editTogether(call);
    return { result, lesson: conclude(result) };
  },
});

type EditCall = DemoCall<unknown, { readonly way: Way; readonly clients: number }, unknown>;

async function editTogether({ query: { way, clients }, signal, timeline }: EditCall): Promise<Result> {
  const list = new EditableList(way !== 'last');
  const counts = { confirmed: 0, conflicts: 0, reads: 0, writes: 0 };

  const withoutIfMatch = await overLoopback(list.serve, async (origin) => {
    const read = async () => {
      counts.reads += 1;
      const { headers, body } = await fetchResponse(origin, { signal });
      return { etag: headers.etag ?? '', lines: JSON.parse(body.toString()) as readonly string[] };
    };
    const write = (lines: readonly string[], etag: string | undefined) => {
      counts.writes += 1;
      const headers = etag === undefined || way === 'last' ? {} : { 'If-Match': etag };
      return fetchResponse(origin, { method: 'PUT', headers, body: JSON.stringify(lines), signal });
    };
    const edit = async (line: string, seen: Awaited<ReturnType<typeof read>>) => {
      let { etag, lines } = seen;
      // In each round at least one client succeeds.
      for (let round = 0; round <= clients; round += 1) {
        const response: ReceivedResponse = await write([...lines, line], etag);
        if (response.status === 200) {
          counts.confirmed += 1;
          return;
        }
        counts.conflicts += 1;
        if (way === 'blind') ({ etag } = await read());
        else ({ etag, lines } = await read());
      }
    };
    const seen = await timeline.record('read', 'clients', () =>
      Promise.all(Array.from({ length: clients }, read)),
    );
    await timeline.record('write', 'clients', () =>
      Promise.all(seen.map((each, index) => edit(`line ${index + 1}`, each))),
    );
    const lines = [...list.lines];
    const { status } = await write(lines, undefined);
    counts.writes -= 1;
    return status;
  });
  const linesAtEnd = new Set(list.lines).size;
  return {
    way,
    clients,
    ...counts,
    linesAtEnd,
    lost: counts.confirmed - linesAtEnd,
    withoutIfMatch,
  };
}

/** A list that is read and replaced as a whole. */
class EditableList {
  lines: readonly string[] = [];
  #version = 1;
  readonly #requiresMatch: boolean;

  constructor(requiresMatch: boolean) {
    this.#requiresMatch = requiresMatch;
  }

  readonly serve = (req: IncomingMessage, res: ServerResponse): void => {
    this.#handle(req, res).catch((error: unknown) => {
      res.writeHead(error instanceof Problem ? error.status : 500).end();
    });
  };

  async #handle(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const body = req.method === 'PUT' ? ((await json(req)) as readonly string[]) : undefined;
    if (body !== undefined) {
      // No await from the check to the change: nothing comes in between.
      if (this.#requiresMatch) requireMatch(req, { etag: this.#etag });
      this.lines = body;
      this.#version += 1;
    }
    res.writeHead(200, { ETag: this.#etag }).end(JSON.stringify(this.lines));
  }

  get #etag(): string {
    return `"${this.#version}"`;
  }
}

const names: Readonly<Record<Way, string>> = {
  last: 'Without a condition',
  blind: 'With If-Match and stale content',
  'if-match': 'With If-Match',
};

export function conclude(result: Result): Lesson {
  const { way, clients, confirmed, conflicts, writes, linesAtEnd, lost, withoutIfMatch } = result;
  if (clients < 2) {
    return {
      headline: 'This run does not tell: one client has no conflict',
      text: `Its line is in the list: ${linesAtEnd} of ${confirmed}. Let several clients edit at the same time.`,
    };
  }
  const figures =
    `All ${clients} clients read the same list. They sent ${count(writes, 'write')}, of which ${conflicts} received 412, and ` +
    `${confirmed} were confirmed; ${count(linesAtEnd, 'line is', 'lines are')} in the list.`;
  const condition = ` A write without If-Match received ${withoutIfMatch}.`;
  return {
    headline:
      lost > 0
        ? `${names[way]}, ${lost} of ${confirmed} confirmed lines are lost`
        : `${names[way]}, all ${confirmed} confirmed lines are in the list`,
    text: figures + condition,
  };
}
