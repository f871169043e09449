/** `npm run migrate`: applies the migrations that are missing. A deployment runs it before the new version starts. */
import process from 'node:process';
import { pino } from 'pino';
import { readConfig } from './config/config.ts';
import { configOf } from './config/declare.ts';
import { readEnvironment } from './config/environment.ts';
import { databaseAway, prepareSchema } from './database/prepare-schema.ts';
import { isUnavailable } from './database/problems.ts';
import { startLocal } from './database/start-local.ts';
import { variables } from './database/variables.ts';
import { installBoss } from './jobs/boss.ts';
import { failToStart } from './supervision/start-failure.ts';

try {
  const config = readConfig(readEnvironment(), variables);
  const local = await startLocal(config);
  const url = local?.environment['DATABASE_URL'] ?? configOf(variables, config).DATABASE_URL;
  try {
    const result = await prepareSchema({ url, name: 'migrate', migrate: true, allowNewer: false });
    await installBoss({ url, name: 'migrate', log: pino({ enabled: false }) });
    const applied = 'applied' in result ? result.applied : [];
    process.stdout.write(
      applied.length === 0 ? 'The schema is up to date.\n' : `Applied ${applied.join(', ')}.\n`,
    );
  } catch (error) {
    throw isUnavailable(error) ? databaseAway(error, url) : error;
  } finally {
    await local?.stop();
  }
} catch (error) {
  failToStart(error);
}
