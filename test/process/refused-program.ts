/** A service whose only feature says why it cannot be, and fails. */
import { failToStart } from '../../src/cluster/start-failure.ts';
import { readEnvironment } from '../../src/config.ts';
import { readConfig } from '../../src/config/read.ts';
import type { FeatureSet } from '../../src/http/feature.ts';
import { runWorker } from '../../src/worker.ts';

const refused: FeatureSet = {
  variables: {},
  load: () =>
    Promise.resolve({
      create({ log }) {
        log.error('the database refuses us');
        // As a look-up of its host fails: not to be taken for that of the service's own address.
        throw Object.assign(new Error('no database'), { code: 'ENOTFOUND', hostname: 'database.invalid' });
      },
    }),
};

await runWorker(readConfig(readEnvironment()), [refused]).catch(failToStart);
