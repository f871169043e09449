/** Certificates for the servers of these demos, made when they are first needed: none is stored. */
import { generateKeyPair, randomBytes, sign } from 'node:crypto';
import { promisify } from 'node:util';
import forge from 'node-forge';

/** In PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

interface CertificateOptions {
  readonly name: string;
  /** From now until then, in days; a certificate with -1 has expired. */
  readonly days: number;
  /** Who signs it; the certificate itself if left out. */
  readonly issuer?: Certificate;
}

const DAY_MS = 24 * 60 * 60 * 1_000;
const TWO_DAYS = 2;

/**
 * Creates an RSA certificate: for `localhost` and 127.0.0.1 if its name is `localhost`, of an authority if it has no
 * issuer.
 */
export async function createCertificate({ name, days, issuer }: CertificateOptions): Promise<Certificate> {
  const { publicKey, privateKey } = await promisify(generateKeyPair)('rsa', {
    modulusLength: 2_048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = forge.pki.publicKeyFromPem(publicKey);
  certificate.serialNumber = `01${randomBytes(8).toString('hex')}`;
  certificate.validity.notBefore = new Date(Date.now() - TWO_DAYS * DAY_MS);
  certificate.validity.notAfter = new Date(Date.now() + days * DAY_MS);
  const subject = [{ name: 'commonName', value: name }];
  certificate.setSubject(subject);
  certificate.setIssuer(
    issuer === undefined ? subject : forge.pki.certificateFromPem(issuer.cert).subject.attributes,
  );
  const addresses = name === 'localhost' ? [{ type: 7, ip: '127.0.0.1' }] : [];
  certificate.setExtensions([
    { name: 'basicConstraints', cA: issuer === undefined, critical: true },
    { name: 'subjectAltName', altNames: [{ type: 2, value: name }, ...addresses] },
  ]);
  // The package only encodes: its own signature takes tens of times as long, on the event loop.
  const signer = {
    sign: () =>
      sign(
        'sha256',
        Buffer.from(forge.asn1.toDer(certificate.tbsCertificate).getBytes(), 'latin1'),
        issuer?.key ?? privateKey,
      ).toString('latin1'),
  };
  certificate.sign(signer as unknown as forge.pki.rsa.PrivateKey, forge.md.sha256.create());
  return { cert: forge.pki.certificateToPem(certificate), key: privateKey };
}

/** An authority, and a certificate for `localhost` that it has signed. */
export interface TrustedServer {
  readonly ca: Certificate;
  readonly server: Certificate;
}

let trusted: Promise<TrustedServer> | undefined;

/** The same for every run in this process: to make a key takes longer than most of the demos. */
export function trustedServer(): Promise<TrustedServer> {
  trusted ??= createTrustedServer().catch((error: unknown) => {
    trusted = undefined;
    throw error;
  });
  return trusted;
}

async function createTrustedServer(): Promise<TrustedServer> {
  const ca = await createCertificate({ name: 'Exemplar demo authority', days: 365 });
  return { ca, server: await createCertificate({ name: 'localhost', days: 365, issuer: ca }) };
}
