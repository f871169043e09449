import { configOf } from '../config/declare.ts';
import type { OpenResource, ResourceDependencies } from '../routes/resource.ts';
import type { Guard } from '../routes/route.ts';
import { requireToken } from './require-token.ts';
import { createTokenVerifier, type TokenCaller } from './token-verifier.ts';
import { variables } from './variables.ts';

/** Who calls, as the issuer of their tokens says. */
export interface Identity {
  /** @returns a guard for callers whose token has all of these scopes; without an issuer anyone may call */
  require(...scopes: readonly string[]): Guard<TokenCaller> | 'public';
}

declare module '../routes/resource.ts' {
  interface Resources {
    readonly identity: Identity;
  }
}

export function open({ config }: ResourceDependencies): OpenResource<Identity> {
  const { AUTH_ISSUER: issuer, AUTH_AUDIENCE: audience, AUTH_JWKS_URL } = configOf(variables, config);
  const close = () => undefined;
  if (issuer === '') return { value: { require: () => 'public' }, close };
  const keys = AUTH_JWKS_URL === '' ? `${issuer.replace(/\/$/, '')}/.well-known/jwks.json` : AUTH_JWKS_URL;
  const verify = createTokenVerifier({ issuer, audience, jwksUrl: new URL(keys) });
  return { value: { require: (...scopes) => requireToken(verify, ...scopes) }, close };
}
