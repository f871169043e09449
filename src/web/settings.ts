import { onOff, type Variables } from '../config/variable.ts';
import type { FeatureSet } from '../http/feature.ts';

export const variables = {
  PAGE: onOff({
    doc: 'Whether a browser gets the control room at / and the API at /docs; it shows the workers to whoever comes.',
    default: 'on',
    productionDefault: 'off',
  }),
} satisfies Variables;

export const web: FeatureSet = { variables, load: () => import('./index.ts') };
