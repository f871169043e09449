import type { Config } from '../config/core-variables.ts';
import { configOf } from '../config/declare.ts';
import { exitCodes } from '../supervision/exit-codes.ts';
import type { LocalService } from '../supervision/local-services.ts';
import { StartError } from '../supervision/start-failure.ts';
import { LocalIssuer } from './local-issuer.ts';
import { variables } from './variables.ts';

/** With `AUTH_ISSUER=local`, starts an issuer that gives a token to anyone who asks. */
export async function startLocal(config: Config): Promise<LocalService | undefined> {
  const { AUTH_ISSUER, AUTH_LOCAL_PORT } = configOf(variables, config);
  if (AUTH_ISSUER !== 'local') return undefined;
  if (config.NODE_ENV === 'production') {
    throw new StartError({
      reason: 'AUTH_ISSUER=local gives a token to anyone. Set it to the URL of your issuer.',
      exitCode: exitCodes.badConfig.code,
    });
  }
  const issuer = await LocalIssuer.start({ port: AUTH_LOCAL_PORT });
  return {
    environment: { AUTH_ISSUER: issuer.url, AUTH_JWKS_URL: issuer.jwksUrl.href },
    onExit: () => undefined, // it ends with this process
    restart: async () => undefined,
    stop: () => issuer[Symbol.asyncDispose](),
  };
}
