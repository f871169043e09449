import type { ConnectionOptions, TlsOptions } from 'node:tls';
import { z } from 'zod';
import { safeCiphers } from '../../http/tls-options.ts';
import { count } from '../kit/answer/units.ts';
import { demoRoute, oneOf, type DemoCall, type Lesson } from '../kit/demo.ts';
import { trustedServer } from './authority.ts';
import { overTls, tryHandshake } from './tls-client.ts';

const settings = ['default', 'service', 'legacy'] as const;
type Setting = (typeof settings)[number];

/** Since OpenSSL 3, the old versions also need the lowest security level. */
const servers: Readonly<Record<Setting, TlsOptions>> = {
  default: {},
  service: { minVersion: 'TLSv1.2', ciphers: safeCiphers },
  legacy: { minVersion: 'TLSv1', ciphers: 'ALL@SECLEVEL=0' },
};
const names: Readonly<Record<Setting, string>> = {
  default: 'The defaults of Node.js',
  service: 'The settings of this service',
  legacy: 'Legacy settings',
};

interface Client {
  readonly client: string;
  readonly safe: boolean;
  readonly options: ConnectionOptions;
}

const clients: readonly Client[] = [
  {
    client: 'TLS 1.0',
    safe: false,
    options: { minVersion: 'TLSv1', maxVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' },
  },
  {
    client: 'TLS 1.1',
    safe: false,
    options: { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' },
  },
  {
    client: 'TLS 1.2, no forward secrecy',
    safe: false,
    options: { maxVersion: 'TLSv1.2', ciphers: 'AES128-GCM-SHA256' },
  },
  {
    client: 'TLS 1.2, CBC with SHA-1',
    safe: false,
    options: { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-RSA-AES128-SHA' },
  },
  {
    client: 'TLS 1.2, ECDHE with GCM',
    safe: true,
    options: { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-RSA-AES128-GCM-SHA256' },
  },
  { client: 'TLS 1.3', safe: true, options: { minVersion: 'TLSv1.3' } },
];

const rowSchema = z.strictObject({
  client: z.string().describe('All that the client offers'),
  safe: z.boolean().describe('Forward secrecy and authenticated encryption'),
  agreed: z.string().nullable().describe('Version and cipher; null if the handshake failed'),
  error: z.string().nullable().describe('What the client got instead'),
});
export type Row = z.infer<typeof rowSchema>;

export const versions = demoRoute({
  method: 'get',
  path: '/versions',
  title: 'Offer versions and ciphers',
  summary: 'Connects with old and new versions of TLS to a server with one of three settings.',
  teaches:
    'Node.js refuses TLS 1.0 and 1.1 by default, but still takes TLS 1.2 without forward secrecy: who records the traffic ' +
    'and later gets the private key can read it. A list of ciphers refuses that as well.',
  query: z.object({
    server: oneOf('The defaults of Node.js, those of this service, or what an old client needs', settings),
  }),
  result: z.strictObject({ server: z.enum(settings), rows: z.array(rowSchema) }),
  examples: [
    { title: 'The defaults of Node.js', query: { server: 'default', as: 'text' } },
    { title: 'The settings of this service', query: { server: 'service', as: 'text' } },
    { title: 'For old clients', query: { server: 'legacy', as: 'text' } },
  ],
  contrasts: [
    'tls/versions?server=default',
    'tls/versions?server=service',
    'tls/certificates',
    'tls/handshake',
  ],
  async run(call) {
    const rows = await offerAll(call);
    return { result: { server: call.query.server, rows }, lesson: conclude(call.query.server, rows) };
  },
});

type VersionsCall = DemoCall<unknown, { readonly server: Setting }, unknown>;

async function offerAll({ query, signal, timeline }: VersionsCall): Promise<Row[]> {
  const { ca, server } = await trustedServer();
  return overTls({ ...server, ...servers[query.server] }, async (port) => {
    const rows: Row[] = [];
    for (const { client, safe, options } of clients) {
      const outcome = await timeline.record(client, 'client', () =>
        tryHandshake({ port, ca: ca.cert, ...options }, signal),
      );
      rows.push({ client, safe, agreed: null, error: null, ...outcome });
    }
    return rows;
  });
}

export function conclude(server: Setting, rows: readonly Row[]): Lesson {
  const unsafe = rows.filter(({ safe }) => !safe);
  const accepted = unsafe.filter(({ agreed }) => agreed !== null);
  const refusedSafe = rows.filter(({ safe, agreed }) => safe && agreed === null);
  const list = (some: readonly Row[]) => some.map(({ client }) => client).join('; ');
  const rest =
    refusedSafe.length === 0
      ? 'The safe ones were accepted.'
      : `${count(refusedSafe.length, 'safe one was', 'safe ones were')} refused: ${list(refusedSafe)}.`;
  return {
    headline: `${names[server]} accepted ${accepted.length} of ${unsafe.length} unsafe handshakes`,
    text:
      (accepted.length === 0
        ? `Refused: ${list(unsafe)}. `
        : `Accepted: ${accepted.map(({ client, agreed }) => `${client} (${agreed ?? ''})`).join('; ')}. `) +
      rest,
  };
}
