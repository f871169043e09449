/** What the features of this service share. To add a resource, add an entry to the list. */
import { variables as accountVariables } from './accounts/variables.ts';
import type { Variables } from './config/declare.ts';
import { variables as databaseVariables } from './database/variables.ts';
import { variables as identityVariables } from './identity/variables.ts';
import { variables as jobsVariables } from './jobs/variables.ts';
import { variables as outboundVariables } from './outbound/variables.ts';
import type { ResourceSet } from './routes/resource.ts';

export const resourceSets: readonly ResourceSet[] = [
  // In the order in which they are opened; they are closed in the reverse order. `load` runs in workers only.
  { name: 'outbound', variables: outboundVariables, load: () => import('./outbound/open.ts') },
  {
    name: 'database',
    variables: databaseVariables,
    startLocal: async (config) => (await import('./database/start-local.ts')).startLocal(config),
    load: () => import('./database/open.ts'),
  },
  { name: 'jobs', variables: jobsVariables, load: () => import('./jobs/open.ts') },
  {
    name: 'identity',
    variables: identityVariables,
    startLocal: async (config) => (await import('./identity/start-local.ts')).startLocal(config),
    load: () => import('./identity/open.ts'),
  },
  { name: 'accounts', variables: accountVariables, load: () => import('./accounts/open.ts') },
];

/** The environment variables that resources declare. */
export const resourceVariables: Variables = Object.assign(
  {},
  ...resourceSets.map((set) => set.variables),
) as Variables;
