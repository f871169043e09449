import type { FeatureSet } from '../http/feature.ts';

/** The example feature: tasks to do. It has no variables of its own. */
export const tasks: FeatureSet = { variables: {}, load: () => import('./index.ts') };
