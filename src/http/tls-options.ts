import type { TlsOptions } from 'node:tls';
import type { Config } from '../config/core-variables.ts';
import type { TlsFiles } from '../config/tls-files.ts';

/**
 * Only ciphers with forward secrecy and authenticated encryption. The default of Node.js also allows TLS 1.2 without
 * either: https://wiki.mozilla.org/Security/Server_Side_TLS#Intermediate_compatibility_.28recommended.29
 */
export const safeCiphers = [
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'TLS_AES_128_GCM_SHA256',
  'ECDHE+AESGCM',
  'ECDHE+CHACHA20',
].join(':');

/** The settings of a server with a certificate. */
export function tlsOptions({ ca, ...files }: TlsFiles, { HEADERS_TIMEOUT_MS }: Config): TlsOptions {
  const clients = ca === undefined ? {} : { ca, requestCert: true, rejectUnauthorized: true };
  return {
    ...files,
    ...clients,
    minVersion: 'TLSv1.2',
    ciphers: safeCiphers,
    handshakeTimeout: HEADERS_TIMEOUT_MS,
  };
}
