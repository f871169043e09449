import { z } from 'zod';
import { integer, onOff, type Variable, type Variables } from '../config/declare.ts';

/** A PostgreSQL connection URL; its host may also be a folder with a Unix socket, `?host=/run/postgresql`. */
function isPostgresUrl(text: string): boolean {
  // The host may be missing after a user, which URL does not allow.
  const url = URL.parse(text) ?? URL.parse(text.replace('@/', '@localhost/'));
  if (url === null || !/^postgres(ql)?:\/\//i.test(text) || !/^\/[^/]+$/.test(url.pathname)) return false;
  return [url.username, url.password, url.pathname].every(isDecodable);
}

/** Whether each `%` begins an encoded byte, and the bytes are UTF-8. */
function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

const url: Variable<string> = {
  doc: 'PostgreSQL connection URL. Empty: the service starts a PostgreSQL server of its own in .data (not in production).',
  expects:
    'a URL such as postgres://user:password@host:5432/database, with other characters percent-encoded (# as %23)',
  default: '',
  requiredInProduction: true,
  secret: true,
  schema: z.literal('').or(z.string().refine(isPostgresUrl)),
};

export const variables = {
  DATABASE_URL: url,
  DATABASE_POOL_MAX: integer({
    doc: 'Database connections per worker, which needs one more for its readiness check. All workers, twice during a reload, must stay below max_connections.',
    default: 5,
    min: 1,
    max: 1_000,
  }),
  DATABASE_WAIT_MS: integer({
    doc: 'Time a request waits for a database connection (ms) before it is rejected with 503.',
    default: 2_000,
    min: 10,
    max: 60_000,
  }),
  DATABASE_STATEMENT_TIMEOUT_MS: integer({
    doc: 'Time one statement may take (ms) before the database cancels it.',
    default: 5_000,
    min: 10,
    max: 600_000,
  }),
  DATABASE_MIGRATE: onOff({
    doc: 'Apply missing migrations at startup. off: not ready until `npm run migrate` has applied them.',
    default: 'on',
  }),
} satisfies Variables;
