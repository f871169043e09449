import { onOff, text, type Variables } from '../config/variable.ts';
import type { FeatureSet } from '../http/feature.ts';

export const variables = {
  DEMOS: onOff({
    doc: 'Whether the demos are served.',
    default: 'on',
    productionDefault: 'off',
  }),
  DANGER: onOff({
    doc: 'Whether demos that crash, hang or end a worker may be run.',
    default: 'on',
    productionDefault: 'off',
  }),
  COOKIE_SECRET: text({
    doc: 'Secret that signs the cookies of the demos; none: each worker makes its own, and believes no other.',
    pattern: /^(none|.{16,})$/,
    expects: 'at least 16 characters, or none',
    default: 'known-to-all-for-development-only',
    productionDefault: 'none',
    secret: true,
  }),
} satisfies Variables;

export const demos: FeatureSet = { variables, load: () => import('./index.ts') };
