import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';

interface TlsConfig {
  readonly TLS_CERT_FILE: string;
  readonly TLS_KEY_FILE: string;
  readonly TLS_CLIENT_CA_FILE: string;
}

/** PEM, as `https.createServer` takes them. */
export interface TlsFiles {
  readonly cert: Buffer;
  readonly key: Buffer;
  /** The authorities whose certificates clients must have; undefined if clients need none. */
  readonly ca?: Buffer;
}

/**
 * Reads certificate and key of the app.
 *
 * @returns undefined if it serves without TLS
 * @throws {Error} with a sentence that names the variables, if they cannot be used
 */
export function readTlsFiles(config: TlsConfig): TlsFiles | undefined {
  const { TLS_CERT_FILE, TLS_KEY_FILE, TLS_CLIENT_CA_FILE } = config;
  if (TLS_CERT_FILE + TLS_KEY_FILE + TLS_CLIENT_CA_FILE === '') return undefined;
  if (TLS_CERT_FILE === '' || TLS_KEY_FILE === '') {
    throw new Error('TLS_CERT_FILE and TLS_KEY_FILE must be set together');
  }
  const files: TlsFiles = {
    cert: read('TLS_CERT_FILE', TLS_CERT_FILE),
    key: read('TLS_KEY_FILE', TLS_KEY_FILE),
    ...(TLS_CLIENT_CA_FILE === '' ? {} : { ca: read('TLS_CLIENT_CA_FILE', TLS_CLIENT_CA_FILE) }),
  };
  const { cert, key, ca } = files;
  expectThat('TLS_CERT_FILE and TLS_KEY_FILE must be a certificate and its key in PEM', () =>
    createSecureContext({ cert, key }),
  );
  // A context takes a file without certificates, and then rejects every client.
  if (ca !== undefined) {
    expectThat('TLS_CLIENT_CA_FILE must be certificates in PEM', () => new X509Certificate(ca));
  }
  return files;
}

function read(name: string, path: string): Buffer {
  return expectThat(`${name} must be the path of a readable file`, () => readFileSync(path));
}

/** @throws {Error} with the sentence and the reason, if `work` throws */
function expectThat<T>(sentence: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new Error(`${sentence}: ${(error as Error).message}`, { cause: error });
  }
}
