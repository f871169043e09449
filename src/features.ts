/** What this service offers beside its probes. A feature of your own is one line of this list. */
import type { Variables } from './config/variable.ts';
import { demos } from './demos/settings.ts'; // not in a copy
import type { FeatureSet } from './http/feature.ts';
import { tasks } from './tasks/settings.ts';
import { web } from './web/settings.ts'; // not in a copy

export const featureSets: readonly FeatureSet[] = [
  // One a line, in the order in which they are listed at `/`.
  demos, // not in a copy
  tasks,
  web, // not in a copy
];

/** The environment variables that features declare for themselves. */
export const featureVariables: Variables = Object.fromEntries(
  featureSets.flatMap((set) => Object.entries(set.variables)),
);
