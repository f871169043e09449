import { onOff, type Variables } from '../config.ts';
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
} satisfies Variables;

export const demos: FeatureSet = { variables, load: () => import('./index.ts') };
