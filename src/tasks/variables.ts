import { z } from 'zod';
import { text, type Variable, type Variables } from '../config/declare.ts';

/** Without a user name and password: `fetch` refuses such a URL, with an error that contains it. */
function isWebUrl(value: string): boolean {
  const url = URL.parse(value);
  return url !== null && ['http:', 'https:'].includes(url.protocol) && url.username + url.password === '';
}

/** Only the configuration names the receiver: a URL from a request could lead to addresses that its sender cannot reach. */
const url: Variable<string> = {
  doc: 'URL that receives a webhook for each completed task. Empty: none is sent.',
  expects: 'an HTTP or HTTPS URL without user name and password',
  default: '',
  secret: true, // many receivers know their senders by a key in the URL
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
