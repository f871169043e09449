import { spawnSync } from 'node:child_process';

/** Whether this machine can create certificates. */
export const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

/**
 * Creates a certificate that signs itself, for `localhost`.
 *
 * @param cert path of the certificate to write
 * @param key path of its key
 * @param name of its subject
 */
export function createCertificate(cert: string, key: string, name = 'localhost'): void {
  const subject = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=DNS:localhost'];
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  const { status, stderr } = spawnSync('openssl', ['req', ...kind, ...subject, '-keyout', key, '-out', cert]);
  if (status !== 0) throw new Error(`openssl: ${stderr.toString()}`);
}
