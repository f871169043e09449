import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { isLoopback } from '../http/foreign-request.ts';
import { Problem } from '../http/problem.ts';

/** An orchestrator has no token for its probes, and they show nothing but a status. */
const PROBES = ['/livez', '/readyz'];
/** Counters without any data of a caller. */
const METRICS = '/metrics';

/**
 * Decides who may call a path of the management port.
 *
 * With a token, everything but the probes requires it. Without one, this machine may call everything, and other machines
 * get probes and metrics: a port that listens on all addresses, as it does in a container, must not reload the service
 * for everyone who reaches it.
 *
 * @param token the token that callers must send; empty if none is set
 * @throws {Problem} `unauthorized`
 */
export function checkAccess(
  { headers, socket }: Pick<IncomingMessage, 'headers' | 'socket'>,
  path: string,
  token: string,
): void {
  if (PROBES.includes(path)) return;
  if (token === '') {
    if (path === METRICS || isThisMachine(socket)) return;
    throw unauthorized('Other machines get probes and metrics only, unless MANAGEMENT_TOKEN is set.');
  }
  const [, given] = /^bearer +(\S+)$/i.exec(headers.authorization ?? '') ?? [];
  if (given === undefined) throw unauthorized('Send the token as "Authorization: Bearer <token>".');
  if (!isSame(given, token)) throw unauthorized('The token is not valid.', ', error="invalid_token"');
}

/** The address at which a worker calls the management port: loopback, if it listens on all addresses. */
export function reachable(address: string): string {
  return address.replace('//0.0.0.0:', '//127.0.0.1:').replace('//[::]:', '//[::1]:');
}

/** The headers with which a worker calls the management port. */
export function managementHeaders({
  MANAGEMENT_TOKEN: token,
}: {
  readonly MANAGEMENT_TOKEN: string;
}): Readonly<Record<string, string>> {
  return token === '' ? {} : { authorization: `Bearer ${token}` };
}

/** A process that calls an address of its own machine has the same address itself. */
function isThisMachine({ remoteAddress, localAddress }: IncomingMessage['socket']): boolean {
  return remoteAddress !== undefined && (isLoopback(remoteAddress) || remoteAddress === localAddress);
}

/** Takes the same time wherever they differ: digests have one length, and do not show how much of a guess is right. */
function isSame(given: string, token: string): boolean {
  return timingSafeEqual(digest(given), digest(token));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** https://www.rfc-editor.org/rfc/rfc6750#section-3 */
function unauthorized(detail: string, error = ''): Problem {
  return new Problem('unauthorized', {
    detail,
    headers: { 'WWW-Authenticate': `Bearer realm="management"${error}` },
  });
}
