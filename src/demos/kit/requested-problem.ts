import { Problem } from '../../http/problem.ts';

/** Headers that RFC 9110 and RFC 6585 require or suggest for a status. */
const statusHeaders: Readonly<Record<number, Readonly<Record<string, string>>>> = {
  // Not Basic: a browser would prompt its user for a password.
  401: { 'WWW-Authenticate': 'Bearer realm="exemplar"' },
  405: { Allow: 'GET, HEAD, OPTIONS' },
  407: { 'Proxy-Authenticate': 'Basic realm="exemplar"' },
  416: { 'Content-Range': 'bytes */0' },
  426: { Upgrade: 'HTTP/2', Connection: 'Upgrade' },
  429: { 'Retry-After': '1' },
  503: { 'Retry-After': '1' },
};
/** The error response of a status that a client asked for, from 400 on. */
export function requestedProblem(status: number): Problem {
  return Problem.ofStatus(status, {
    detail: `Status ${status} was requested.`,
    headers: statusHeaders[status] ?? {},
  });
}
