import type { Fault } from '../fault.ts';
import { connectionsKilled, databaseHangs, databaseStopped, poolExhausted } from './database-away.ts';
import {
  clientsLeave,
  clockAhead,
  deadlock,
  diskFull,
  localServerKilled,
  primaryKilledInTransaction,
  reloadWhileMigrating,
} from './database-work.ts';
import { machineKilled, rollingDeploy } from './database-edge.ts';
import { redisAway, sharedLimit } from './database-redis.ts';
import { runnersKilled } from './jobs.ts';
import { renameColumn } from './migrations.ts';

/** The faults of the database, of the jobs in it, and of machines that share it. Tasks are what must not be lost. */
export const databaseFaults: readonly Fault[] = [
  databaseStopped,
  databaseHangs,
  connectionsKilled,
  poolExhausted,
  diskFull,
  clientsLeave,
  deadlock,
  primaryKilledInTransaction,
  reloadWhileMigrating,
  renameColumn,
  localServerKilled,
  clockAhead,
  runnersKilled,
  sharedLimit,
  redisAway,
  rollingDeploy,
  machineKilled,
];
