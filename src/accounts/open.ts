import { configOf } from '../config/declare.ts';
import type { OpenResource, ResourceDependencies } from '../routes/resource.ts';
import { ApiKeys } from './api-keys.ts';
import { requireApiKey } from './require-api-key.ts';
import { requireSession } from './require-session.ts';
import { Sessions } from './sessions.ts';
import { variables } from './variables.ts';

/** What callers prove with, in addition to the tokens of an issuer. */
export interface Accounts {
  /** Undefined if callers are not known: a key needs an owner. */
  readonly keys: ApiKeys | undefined;
  /** Undefined without accounts. */
  readonly sessions: Sessions | undefined;
}

declare module '../routes/resource.ts' {
  interface Resources {
    readonly accounts: Accounts;
  }
}

/** Adds sessions and API keys to the ways in which callers prove who they are. */
export function open({ config, resources }: ResourceDependencies): OpenResource<Accounts> {
  const { database, identity } = resources;
  const { ACCOUNTS, SESSION_IDLE_MINUTES, SESSION_MAX_HOURS } = configOf(variables, config);
  const production = config.NODE_ENV === 'production';
  const close = () => undefined;
  const sessions =
    ACCOUNTS === 'off'
      ? undefined
      : new Sessions(database, { idleMinutes: SESSION_IDLE_MINUTES, maxHours: SESSION_MAX_HOURS });
  if (sessions !== undefined) identity.add((...scopes) => requireSession(sessions, production, ...scopes));
  if (identity.anonymous) return { value: { keys: undefined, sessions }, close };
  const keys = new ApiKeys(database);
  identity.add((...scopes) => requireApiKey(keys, ...scopes));
  return { value: { keys, sessions }, close };
}
