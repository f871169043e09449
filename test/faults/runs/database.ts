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
import { runnersKilled } from './jobs.ts';
import { renameColumn } from './migrations.ts';

/** The faults of the database and of the jobs in it, with tasks as the data that must not be lost. */
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
];
