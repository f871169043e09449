/** What callers see when the database fails, and which of its errors mean what. */
import { DatabaseError } from 'pg';
import { Problem, type ProblemType } from '../http/problem.ts';

export const databaseUnavailable: ProblemType = {
  code: 'database-unavailable',
  status: 503,
  title: 'Database unavailable',
};

/** The error responses of every route that uses the database. */
export const databaseProblems = [databaseUnavailable] as const;

/** https://www.postgresql.org/docs/current/errcodes-appendix.html */
const sqlState = {
  serializationFailure: '40001',
  deadlock: '40P01',
  diskFull: '53100',
  canceled: '57014',
} as const;

/** The server, or the connection to it, is not usable: connection exceptions, no resources, operator intervention. */
const UNAVAILABLE = /^(08|53|57P|58)/;
const SOCKET_ERRORS = new Set([
  'EAI_AGAIN',
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTDOWN',
  'EHOSTUNREACH',
  'ENETDOWN',
  'ENETUNREACH',
  'ENOTFOUND',
  'EPIPE',
  'ETIMEDOUT',
]);
/** Errors of the driver have no code. */
const DRIVER_ERRORS =
  /^(timeout exceeded when trying to connect|Query read timeout|Connection terminated|Client (was closed|has encountered)|Cannot use a pool after)/;

/** Whether a transaction that failed with this error may succeed if it is repeated from its beginning. */
export function isRetryable(error: unknown): boolean {
  const state = stateOf(error);
  return state === sqlState.serializationFailure || state === sqlState.deadlock;
}

/** Whether the connection that gave this error cannot be used again. */
export function isConnectionError(error: unknown): boolean {
  return isUnavailable(error) && stateOf(error) !== sqlState.diskFull;
}

/** Whether the database cannot be used now, and perhaps later. */
export function isUnavailable(error: unknown): boolean {
  if (error instanceof DatabaseError) return UNAVAILABLE.test(error.code ?? '');
  if (!Error.isError(error)) return false;
  const { code = '', syscall } = error as NodeJS.ErrnoException;
  const noSocket = code === 'ENOENT' && syscall === 'connect'; // not the file of a certificate
  return noSocket || SOCKET_ERRORS.has(code) || DRIVER_ERRORS.test(error.message);
}

/** What failed, in the words of the server, the system or the driver. They do not contain the password. */
export function messageOf(error: unknown): string {
  if (!Error.isError(error)) return String(error);
  // The error of a host with several addresses has only a code.
  return error.message || ((error as NodeJS.ErrnoException).code ?? error.name);
}

/** @returns what the caller sees; an error that is a defect of this service is returned as it is */
export function toProblem(error: unknown): unknown {
  const detail = describe(error);
  if (detail === undefined) return error;
  return new Problem(databaseUnavailable, { detail, headers: { 'Retry-After': '1' }, cause: error });
}

function describe(error: unknown): string | undefined {
  const state = stateOf(error);
  if (state === sqlState.canceled) return 'The database did not complete the statement in time.';
  if (state === sqlState.diskFull) return 'The database has no space left.';
  if (Error.isError(error) && error.message.startsWith('timeout exceeded')) {
    return 'No database connection became free in time.';
  }
  if (isRetryable(error)) return 'Too many concurrent changes of the same data.';
  return isUnavailable(error) ? 'The database does not respond.' : undefined;
}

function stateOf(error: unknown): string | undefined {
  return error instanceof DatabaseError ? error.code : undefined;
}
