import { text, webUrl, type Variables } from '../config/declare.ts';

export const variables = {
  // Only the configuration names the receiver: a URL from a request could lead to addresses that its sender cannot reach.
  WEBHOOK_URL: webUrl({
    doc: 'URL that receives a webhook for each completed task. Empty: none is sent.',
    default: '',
    secret: true, // many receivers know their senders by a key in the URL
  }),
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
