import { configOf } from '../config/declare.ts';
import type { OpenResource, ResourceDependencies } from '../routes/resource.ts';
import type { Guard } from '../routes/route.ts';
import { requireToken } from './require-token.ts';
import type { ScopedCaller } from './scopes.ts';
import { createTokenVerifier } from './token-verifier.ts';
import { variables } from './variables.ts';

/** One way to prove who calls: creates a guard for callers with all of these scopes. */
export type Authentication = (...scopes: readonly string[]) => Guard<ScopedCaller>;

/** Who calls, as a token of the issuer proves, or another way that a resource adds. */
export interface Identity {
  /** @returns the guards of which one must let a caller with all of these scopes pass; without any way, all may call */
  require(...scopes: readonly string[]): readonly [Guard<ScopedCaller>, ...Guard<ScopedCaller>[]] | 'public';
  /** Adds a way for all guards that are created from now on. */
  add(authentication: Authentication): void;
  /** Whether there is no way to prove who calls. */
  readonly anonymous: boolean;
}

declare module '../routes/resource.ts' {
  interface Resources {
    readonly identity: Identity;
  }
}

export function open({ config, resources: { outbound } }: ResourceDependencies): OpenResource<Identity> {
  const { AUTH_ISSUER: issuer, AUTH_AUDIENCE: audience, AUTH_JWKS_URL } = configOf(variables, config);
  const ways: Authentication[] = [];
  if (issuer !== '') {
    const keys = AUTH_JWKS_URL === '' ? `${issuer.replace(/\/$/, '')}/.well-known/jwks.json` : AUTH_JWKS_URL;
    const verify = createTokenVerifier({ issuer, audience, jwksUrl: new URL(keys), outbound });
    ways.push((...scopes) => requireToken(verify, ...scopes));
  }
  const identity: Identity = {
    require(...scopes) {
      const [first, ...others] = ways.map((way) => way(...scopes));
      return first === undefined ? 'public' : [first, ...others];
    },
    // Before the tokens, whose guard reports any other bearer credential as malformed.
    add: (authentication) => void ways.unshift(authentication),
    get anonymous() {
      return ways.length === 0;
    },
  };
  return { value: identity, close: () => undefined };
}
