import { z } from 'zod';
import { integer, text, webUrl, type Variable, type Variables } from '../config/declare.ts';

const url = webUrl({ doc: '', default: '' });

const issuer: Variable<string> = {
  doc: 'Issuer of bearer tokens, as in their `iss`: tasks then belong to the callers who create them. `local`: an issuer for development that starts with the service. Empty: no tokens. If callers are known in no other way, they may change all tasks.',
  expects: 'an HTTP or HTTPS URL, or local',
  default: '',
  schema: z.literal('local').or(url.schema),
};

export const variables = {
  AUTH_ISSUER: issuer,
  AUTH_AUDIENCE: text({
    doc: 'The name of this service at the issuer, as in the `aud` of tokens.',
    default: 'exemplar',
  }),
  AUTH_JWKS_URL: webUrl({
    doc: 'URL of the public keys of the issuer. Empty: /.well-known/jwks.json of AUTH_ISSUER.',
    default: '',
  }),
  AUTH_LOCAL_PORT: integer({
    doc: 'Port of the local issuer on loopback; 0: any free port.',
    default: 3_002,
    min: 0,
    max: 65_535,
  }),
} satisfies Variables;
