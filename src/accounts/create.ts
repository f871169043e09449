import { z } from 'zod';
import { configOf } from '../config/declare.ts';
import { databaseProblems } from '../database/problems.ts';
import { defineJob } from '../jobs/job.ts';
import type { CreatedFeatures, FeatureDependencies } from '../routes/feature.ts';
import { AccountStore } from './account-store.ts';
import { createAccountRoutes, createCallerRoute } from './account-routes.ts';
import { AttemptLimit } from './attempt-limit.ts';
import { createKeyRoutes } from './key-routes.ts';
import { LogIn } from './log-in.ts';
import { PasswordHasher } from './password-hasher.ts';
import { createSessionRoutes } from './session-routes.ts';
import { variables } from './variables.ts';

const removeEnded = defineJob({
  name: 'remove-ended-credentials',
  data: z.strictObject({}),
  schedule: { cron: '30 * * * *' },
});

/** Creates the routes of accounts, sessions and API keys; none if callers are not known. */
export async function create(dependencies: FeatureDependencies): Promise<CreatedFeatures> {
  const { config, metrics, resources, createRateLimitStore } = dependencies;
  const { database, identity, jobs } = resources;
  const { keys, sessions } = resources.accounts;
  if (keys === undefined) return { features: [] };
  const settings = configOf(variables, config);
  const accounts = new AccountStore(database);
  await jobs.add(removeEnded, async (_data, { signal, log }) => {
    const options = { signal };
    const removed = {
      sessions: (await sessions?.removeEnded(options)) ?? 0,
      browsers: await accounts.removeForgottenBrowsers(options),
      keys: await keys.removeOld(options),
    };
    log.info({ event: 'credentials-removed', ...removed }, 'removed ended sessions and keys');
  });
  const routes = [createCallerRoute(identity), ...createKeyRoutes({ keys, identity })];
  if (sessions !== undefined) {
    const limit = (name: string, max: number) =>
      new AttemptLimit({ store: createRateLimitStore(name), max, log: dependencies.log });
    const byAddress = limit('log-in-address', settings.LOG_IN_MAX_PER_ADDRESS);
    const byAccount = limit('log-in-account', settings.LOG_IN_MAX_FAILURES);
    const shed = { by: 'password-hashes' };
    metrics.shed.inc(shed, 0);
    const hasher = new PasswordHasher({
      logN: settings.PASSWORD_HASH_LOG_N,
      onShed: () => metrics.shed.inc(shed),
    });
    const logIn = new LogIn({ accounts, hasher, byAddress, byAccount });
    const production = config.NODE_ENV === 'production';
    const scopes = settings.ACCOUNT_SCOPES.split(' ').filter(Boolean);
    const mayCreate = settings.ACCOUNTS === 'sign-up' ? 'public' : identity.require('accounts');
    routes.unshift(
      ...createAccountRoutes({ accounts, hasher, byAddress, scopes, mayCreate, production }),
      ...createSessionRoutes({ accounts, hasher, logIn, sessions, production }),
    );
  }
  return {
    features: [
      {
        id: 'account',
        base: '/account',
        title: 'Account',
        summary: 'Who calls: accounts with passwords, sessions of browsers, and API keys of programs.',
        problems: databaseProblems,
        guard: identity.require(),
        routes,
      },
    ],
  };
}
