/** The features of this service. To add one, add an entry to the list. */
import type { Variables } from './config/declare.ts';
import { variables as demoVariables } from './demos/variables.ts'; // template: omit
import type { FeatureSet } from './routes/feature.ts';
import { variables as taskVariables } from './tasks/variables.ts';
import { variables as webVariables } from './web/variables.ts'; // template: omit

export const featureSets: readonly FeatureSet[] = [
  // In the order of the list at `/`. `load` runs in workers only.
  { variables: demoVariables, load: () => import('./demos/demos.ts') }, // template: omit
  { load: () => import('./accounts/create.ts') },
  { variables: taskVariables, load: () => import('./tasks/create.ts') },
  { load: () => import('./practices/practices.ts') }, // template: omit
  { variables: webVariables, load: () => import('./web/web.ts') }, // template: omit
];

/** The environment variables that features declare. */
export const featureVariables: Variables = Object.fromEntries(
  featureSets.flatMap((set) => Object.entries(set.variables ?? {})),
);
