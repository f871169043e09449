import { configOf } from '../config/declare.ts';
import type { CreatedFeatures, FeatureDependencies } from '../routes/feature.ts';
import { createControlRoom } from './control-room.ts';
import { createDocs } from './docs.ts';
import { LiveRelay } from './live-relay.ts';
import { createProblemsPage } from './problems.ts';
import { variables } from './variables.ts';

/** Creates the control room, which shows the features of all sets; nothing if `PAGE` is off. */
export function create(dependencies: FeatureDependencies): CreatedFeatures {
  const { PAGE } = configOf(variables, dependencies.config);
  if (!PAGE) return { features: [] };
  const live = new LiveRelay(dependencies);
  return {
    features: [],
    renderPages(features) {
      const { page, plainRoutes } = createControlRoom(features, Math.max(1, dependencies.config.WORKERS));
      const problems = createProblemsPage(features);
      return {
        page,
        problemsPage: problems.handler,
        plainRoutes: [
          { path: '/live', handler: live.handler },
          ...plainRoutes,
          ...createDocs(),
          problems.files,
        ],
      };
    },
    stop: () => live.stop(),
  };
}
