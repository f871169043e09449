import { z } from 'zod';
import { onOff, type Variable, type Variables } from '../config/variable.ts';
import type { FeatureSet } from '../http/feature.ts';

const cookieSecret: Variable<string> = {
  doc: 'Secret that signs the cookies of the demos; none: each worker makes its own, and believes no other.',
  expects: 'at least 16 characters, or none',
  default: 'known-to-all-for-development-only',
  productionDefault: 'none',
  secret: true,
  schema: z.string().refine((text) => text === 'none' || text.length >= 16),
};

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
  COOKIE_SECRET: cookieSecret,
} satisfies Variables;

export const demos: FeatureSet = { variables, load: () => import('./index.ts') };
