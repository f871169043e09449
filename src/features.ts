/** What this service offers beside its probes. Copying it? The list is the one line to change. */
import type { Variables } from './config.ts';
import { demos } from './demos/settings.ts';
import type { FeatureSet } from './http/feature.ts';
import { web } from './web/settings.ts';

export const featureSets: readonly FeatureSet[] = [demos, web];

/** The environment variables that features declare for themselves. */
export const featureVariables: Variables = Object.fromEntries(
  featureSets.flatMap((set) => Object.entries(set.variables)),
);
