import { text as readText } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { demoRoute, type DemoCall, type Lesson } from '../kit/demo.ts';
import { nextChildMessage, withChild } from '../kit/resources/with-child.ts';
import { createClient, protocols, type Protocol } from './clients.ts';
import type { ExpressListening } from './express-protocol.ts';

const program = new URL('./express-child.ts', import.meta.url);
const frameworks = ['express', 'none'] as const;
const ways: readonly { readonly protocol: Protocol; readonly framework: (typeof frameworks)[number] }[] = [
  { protocol: 'HTTP/1.1', framework: 'express' },
  { protocol: 'HTTP/2', framework: 'none' },
  { protocol: 'HTTP/2', framework: 'express' },
];
/** A server that does not respond and does not exit either. */
const PATIENCE_MS = 2_000;
/** The line of an uncaught error that names it. */
const errorLine = /^\w*Error\b.*$/m;

const rowSchema = z.strictObject({
  protocol: z.enum(protocols),
  framework: z.enum(frameworks),
  responded: z.boolean(),
  exitCode: z.number().nullable().describe('Of the server; null if it was still running'),
  error: z.string().nullable().describe('What the server wrote before it exited'),
});
export type Row = z.infer<typeof rowSchema>;

export const expressRoute = demoRoute({
  method: 'get',
  path: '/express',
  title: 'Serve HTTP/2 with Express',
  summary: 'Starts servers over HTTP/1.1 and HTTP/2, with Express and without, and sends each one request.',
  teaches:
    'Express builds on the request and response of node:http, which those of node:http2 only resemble. Let the proxy in ' +
    'front speak HTTP/2 with clients, and HTTP/1.1 with the service, which is next to it.',
  query: z.object({}),
  result: z.strictObject({ rows: z.array(rowSchema) }),
  examples: [{ title: 'Three servers', query: { as: 'text' } }],
  contrasts: ['http2/multiplexing', 'tls/versions?server=service'],
  async run(call) {
    const rows: Row[] = [];
    for (const way of ways) rows.push(await tryServer(way, call));
    return { result: { rows }, lesson: conclude(rows) };
  },
});

async function tryServer(
  { protocol, framework }: (typeof ways)[number],
  { signal, timeline, resources }: DemoCall<unknown, unknown, unknown>,
): Promise<Row> {
  const { budgets, children } = resources;
  const args = [protocol, framework];
  return budgets.children.use(1, signal, () =>
    withChild(children.startNode(program, { signal, ipc: true, args }), async (child) => {
      const written = child.process.stderr === null ? Promise.resolve('') : readText(child.process.stderr);
      const { port } = await nextChildMessage<ExpressListening>(child);
      using client = createClient(protocol, { port, connections: 1, signal });
      const responded = await timeline.record(`${protocol}, ${framework}`, 'requests', () =>
        Promise.race([
          client.get('/').then(
            () => true,
            () => false,
          ),
          sleep(PATIENCE_MS, false, { signal, ref: false }),
        ]),
      );
      signal.throwIfAborted();
      if (responded) return { protocol, framework, responded, exitCode: null, error: null };
      const exit = await Promise.race([child.exited, sleep(PATIENCE_MS, null, { signal, ref: false })]);
      const error = exit === null ? null : (errorLine.exec(await written)?.[0] ?? null);
      return { protocol, framework, responded, exitCode: exit?.code ?? null, error };
    }),
  );
}

export function conclude(rows: readonly Row[]): Lesson {
  const name = ({ protocol, framework }: Row) =>
    `${protocol} ${framework === 'express' ? 'with Express' : 'without a framework'}`;
  const text = rows
    .map((row) => {
      if (row.responded) return `${name(row)}: a response.`;
      const end = row.exitCode === null ? '' : `, and the server exited with code ${row.exitCode}`;
      return `${name(row)}: no response${end}.`;
    })
    .join(' ');
  const [http1, plain, broken] = rows;
  if (!http1 || !plain || !broken) throw new Error('there are three servers');
  if (broken.responded) {
    return { headline: 'This version of Express responded over HTTP/2', text };
  }
  return http1.responded && plain.responded
    ? {
        headline:
          broken.exitCode === null
            ? 'Express did not respond over HTTP/2'
            : 'One HTTP/2 request ended the server with Express',
        text,
      }
    : { headline: 'This run does not tell: other servers did not respond either', text };
}
