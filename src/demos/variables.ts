import { onOff, text, type Variables } from '../config/declare.ts';

export const variables = {
  DEMOS: onOff({
    doc: 'Whether the demos are served.',
    default: 'on',
    productionDefault: 'off',
  }),
  DANGER: onOff({
    doc: 'Whether demos that crash, block or end a worker may run.',
    default: 'on',
    productionDefault: 'off',
  }),
  COOKIE_SECRET: text({
    doc: 'Key that signs the cookies of the demos. none: each worker generates its own key, so cookies are valid only on that worker.',
    pattern: /^(none|.{16,})$/,
    expects: 'at least 16 characters, or none',
    default: 'known-to-all-for-development-only',
    productionDefault: 'none',
    secret: true,
  }),
} satisfies Variables;
