/**
 * The variables that the tests run this service with: they win over its defaults, and over a `.env` in this folder. What
 * must be set is set here, and what tests may fill or empty, a database say, is one of their own. Of the environment in
 * which the tests are started the service sees only what is read from `process.env` here.
 */
export const testEnvironment: Readonly<Record<string, string>> = {
  NODE_ENV: 'test',
};
