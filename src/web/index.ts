import { configOf } from '../config/variable.ts';
import type { CreatedFeatures, FeatureDependencies } from '../http/feature.ts';
import { createControlRoom } from './control-room.ts';
import { createDocs } from './docs.ts';
import { LiveRelay } from './live-relay.ts';
import { variables } from './settings.ts';

/** Makes the control room, or nothing where it is switched off. It shows the features it is given, whatever they are. */
export function create(dependencies: FeatureDependencies): CreatedFeatures {
  const { PAGE } = configOf(variables, dependencies.config);
  if (!PAGE) return { features: [] };
  const live = new LiveRelay(dependencies);
  return {
    features: [],
    around(features) {
      const room = createControlRoom(features, Math.max(1, dependencies.config.WORKERS));
      return {
        page: room.page,
        extras: [{ path: '/live', handler: live.handler }, ...room.extras, ...createDocs()],
      };
    },
    stop: () => live.stop(),
  };
}
