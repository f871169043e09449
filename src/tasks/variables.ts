import { z } from 'zod';
import { text, type Variable, type Variables } from '../config/declare.ts';

function isWebUrl(value: string): boolean {
  return ['http:', 'https:'].includes(URL.parse(value)?.protocol ?? '');
}

/** Only the configuration names the receiver: a URL from a request could lead to addresses that its sender cannot reach. */
const url: Variable<string> = {
  doc: 'URL that receives a webhook for each completed task. Empty: none is sent.',
  expects: 'an HTTP or HTTPS URL',
  default: '',
  schema: z.literal('').or(z.string().refine(isWebUrl)),
};

export const variables = {
  WEBHOOK_URL: url,
  WEBHOOK_SECRET: {
    ...text({
      doc: 'Key that signs webhooks; the receiver has the same. Required with WEBHOOK_URL.',
      default: 'for-development-only',
      pattern: /^[\x21-\x7e]{16,}$/,
      expects: 'at least 16 visible ASCII characters',
      productionDefault: '',
    }),
    secret: true,
  },
} satisfies Variables;
