import process from 'node:process';

/**
 * The variables of the service in tests; they override its defaults and a `.env` in this folder. Set required variables
 * here, and name a separate test database. To pass a variable of the CI through, read it from `process.env` here.
 */
export const testEnvironment: Readonly<Record<string, string>> = {
  NODE_ENV: 'test',
  /** The server of this run, or of the CI; the service starts its own if there is none. */
  get DATABASE_URL() {
    return process.env['DATABASE_URL'] ?? '';
  },
};
