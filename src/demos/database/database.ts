import type { Demo } from '../kit/demo.ts';
import { cancel } from './cancel.ts';
import { cursor } from './cursor.ts';
import { index } from './index.ts';
import { lostUpdate } from './lost-update.ts';
import { migrateLock } from './migrate-lock.ts';
import { nPlusOne } from './n-plus-one.ts';
import { notify } from './notify.ts';
import { outbox } from './outbox.ts';
import { pages } from './pages.ts';
import { parameters } from './parameters.ts';
import { pool } from './pool.ts';
import { prepared } from './prepared.ts';
import { queue } from './queue.ts';
import { sqlite } from './sqlite.ts';
import { transaction } from './transaction.ts';

export const database = {
  id: 'database',
  title: 'Database',
  summary: 'Runs statements on the real PostgreSQL server and shows what the server itself measured.',
  teaches:
    'Most of the time of a slow request is spent waiting for the database. An index, one statement instead of many, and a ' +
    'bounded pool of connections decide how long; transactions and locks decide whether the result is right.',
  lookFor: '`plan` and `buffers` in index; `lost` in lost-update; `waitedMs` in pool.',
  terms: [
    'connection pool',
    'prepared statement',
    'query plan',
    'index-only scan',
    'SQL injection',
    'N+1 queries',
    'lost update',
    'isolation level',
    'optimistic locking',
    'cursor',
    'pg_stat_statements',
    'query cancellation',
    'LISTEN and NOTIFY',
    'keyset pagination',
    'SKIP LOCKED',
    'transactional outbox',
    'lock queue',
  ],
  readMore: [
    { title: 'PostgreSQL: using EXPLAIN', url: 'https://www.postgresql.org/docs/current/using-explain.html' },
    {
      title: 'PostgreSQL: index-only scans',
      url: 'https://www.postgresql.org/docs/current/indexes-index-only-scans.html',
    },
    {
      title: 'PostgreSQL: transaction isolation',
      url: 'https://www.postgresql.org/docs/current/transaction-iso.html',
    },
    {
      title: 'PostgreSQL: pg_stat_statements',
      url: 'https://www.postgresql.org/docs/current/pgstatstatements.html',
    },
    { title: 'node-postgres: parameterized queries', url: 'https://node-postgres.com/features/queries' },
    { title: 'node-postgres: cursors', url: 'https://node-postgres.com/apis/cursor' },
    { title: 'node-postgres: pooling', url: 'https://node-postgres.com/features/pooling' },
  ],
  practices: ['6.4'],
  routes: [
    index,
    parameters,
    prepared,
    nPlusOne,
    pages,
    cursor,
    pool,
    cancel,
    transaction,
    lostUpdate,
    outbox,
    queue,
    notify,
    migrateLock,
    sqlite,
  ],
} satisfies Demo;
