import { checkServerIdentity, type ConnectionOptions } from 'node:tls';
import { z } from 'zod';
import { demoRoute, type DemoCall, type Lesson } from '../kit/demo.ts';
import { createCertificate, trustedServer, type Certificate } from './authority.ts';
import { overTls, tryHandshake } from './tls-client.ts';

const clientNames = ['verifies', 'ignores names', 'accepts all'] as const;

const clients: Readonly<Record<(typeof clientNames)[number], ConnectionOptions>> = {
  verifies: { checkServerIdentity },
  'ignores names': { checkServerIdentity: () => undefined },
  'accepts all': { rejectUnauthorized: false },
};

const rowSchema = z.strictObject({
  certificate: z.string(),
  genuine: z.boolean().describe('Whether a client should accept it'),
  accepted: z.array(z.enum(clientNames)).describe('The clients that accepted it'),
  error: z.string().nullable().describe('What the client that verifies got'),
});
export type Row = z.infer<typeof rowSchema>;

export const certificates = demoRoute({
  method: 'get',
  path: '/certificates',
  title: 'Verify certificates',
  summary: 'Connects three clients to servers with a genuine certificate and with four that are not.',
  teaches:
    'TLS without verification encrypts, but any server between may hold the key. rejectUnauthorized: false, often set ' +
    'for one test server, accepts all of them. Give the client the authority of the test server instead.',
  query: z.object({}),
  result: z.strictObject({ rows: z.array(rowSchema) }),
  examples: [{ title: 'Three clients, five certificates', query: { as: 'text' } }],
  contrasts: ['tls/versions?server=service', 'security/tokens'],
  async run(call) {
    const rows = await presentAll(call);
    return { result: { rows }, lesson: conclude(rows) };
  },
});

interface Presented {
  readonly certificate: string;
  readonly genuine: boolean;
  readonly server: Certificate;
}

let made: Promise<readonly Presented[]> | undefined;

/** All but the first are what an attacker between client and server could present. */
async function makeAll(): Promise<readonly Presented[]> {
  const { ca, server } = await trustedServer();
  return [
    { certificate: 'genuine', genuine: true, server },
    {
      certificate: 'for another name',
      genuine: false,
      server: await createCertificate({ name: 'other.example', days: 1, issuer: ca }),
    },
    {
      certificate: 'expired',
      genuine: false,
      server: await createCertificate({ name: 'localhost', days: -1, issuer: ca }),
    },
    {
      certificate: 'signed by itself',
      genuine: false,
      server: await createCertificate({ name: 'localhost', days: 1 }),
    },
    {
      certificate: 'of another authority',
      genuine: false,
      server: await createCertificate({
        name: 'localhost',
        days: 1,
        issuer: await createCertificate({ name: 'Exemplar demo authority', days: 1 }),
      }),
    },
  ];
}

async function presentAll({ signal, timeline }: DemoCall<unknown, unknown, unknown>): Promise<Row[]> {
  made ??= makeAll().catch((error: unknown) => {
    made = undefined;
    throw error;
  });
  const { ca } = await trustedServer();
  const rows: Row[] = [];
  for (const { certificate, genuine, server } of await made) {
    const row: Row = { certificate, genuine, accepted: [], error: null };
    await overTls(server, async (port) => {
      for (const name of clientNames) {
        const outcome = await timeline.record(certificate, name, () =>
          tryHandshake({ port, ca: ca.cert, ...clients[name] }, signal),
        );
        if ('agreed' in outcome) row.accepted.push(name);
        else if (name === 'verifies') row.error = outcome.error;
      }
    });
    rows.push(row);
  }
  return rows;
}

export function conclude(rows: readonly Row[]): Lesson {
  const forged = rows.filter(({ genuine }) => !genuine);
  const acceptedBy = (name: (typeof clientNames)[number]) =>
    forged.filter(({ accepted }) => accepted.includes(name)).length;
  const [verified, unnamed, unverified] = clientNames.map(acceptedBy);
  const genuineLost = rows.some(({ genuine, accepted }) => genuine && !accepted.includes('verifies'));
  const errors = rows.flatMap(({ certificate, error }) =>
    error === null ? [] : [`${certificate}: ${error}`],
  );
  return {
    headline: `Verification accepted ${verified} of ${forged.length} wrong certificates, rejectUnauthorized: false ${unverified}`,
    text:
      `A client that ignores names accepted ${unnamed}. ` +
      (genuineLost
        ? 'Verification refused the genuine one as well. '
        : 'All clients with verification accepted the genuine one. ') +
      (errors.length === 0 ? '' : `Refused: ${errors.join('; ')}.`),
  };
}
