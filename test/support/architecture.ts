/** The folders of `src` from the ground up. `docs/architecture.md` shows the same table. */
import { readdirSync, readFileSync } from 'node:fs';
import { root } from './program.ts';

/** What each folder of the core may import besides itself. */
export const layers: Readonly<Record<string, readonly string[]>> = {
  process: [],
  config: ['process'],
  telemetry: ['process', 'config'],
  http: ['process', 'config', 'telemetry'],
  supervision: ['process', 'config', 'telemetry', 'http'],
  'rate-limit': ['process', 'config', 'telemetry', 'http', 'supervision'],
  layers: ['process', 'config', 'telemetry', 'http', 'supervision', 'rate-limit'],
  routes: ['process', 'config', 'telemetry', 'http', 'supervision', 'rate-limit'],
  manifest: ['http', 'routes'],
  outbound: ['config', 'http', 'telemetry', 'routes'],
  identity: ['config', 'http', 'supervision', 'routes', 'outbound'],
  database: ['process', 'config', 'telemetry', 'http', 'supervision', 'routes'],
  jobs: ['process', 'config', 'telemetry', 'http', 'routes', 'database'],
  accounts: ['config', 'http', 'rate-limit', 'routes', 'identity', 'database', 'jobs', 'shared'],
};

/** The folders of features: those that `features.ts` imports. */
export const featureFolders: readonly string[] = [
  ...new Set(
    [...readFileSync(`${root}src/features.ts`, 'utf8').matchAll(/'\.\/([\w-]+)\/[\w-]+\.ts'/g)]
      .map(([, folder = '']) => folder)
      .filter((folder) => !(folder in layers)),
  ),
];

/** Every file of `src`, by its path below it. */
export const sources: readonly string[] = readdirSync(`${root}src`, {
  recursive: true,
  encoding: 'utf8',
}).filter((file) => file.endsWith('.ts'));
