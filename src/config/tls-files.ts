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
  try {
    createSecureContext({ ...files });
  } catch (error) {
    const { message } = error as Error;
    throw new Error(`TLS_CERT_FILE and TLS_KEY_FILE must be a certificate and its key in PEM: ${message}`, {
      cause: error,
    });
  }
  return files;
}

function read(name: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Error(`${name} must be the path of a readable file; reading it failed with ${code}`, {
      cause: error,
    });
  }
}
