import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startLocalServer } from '../../src/database/local-server.ts';
import { compareContestants, type RequestsOptions } from './requests.ts';
import { exemplarEnv } from './settings.ts';

/** Measures the CPU time of a request that runs one statement, without that of the database. @returns tables, as text */
export async function benchDatabase(options: RequestsOptions): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-postgres-'));
  const server = await startLocalServer({ folder, maxConnections: 50, graceMs: 0 });
  try {
    const body = JSON.stringify({ title: 'Buy milk' });
    const headers = { 'Content-Type': 'application/json' };
    return await compareContestants({
      ...options,
      contestants: [
        // The first to start: it creates the tables.
        { name: 'Exemplar', program: 'exemplar.ts', env: { ...exemplarEnv, ...server.environment } },
        { name: 'Fastify + pg', program: 'fastify.ts', env: server.environment, target: 1 },
      ],
      async createWorkloads([first]) {
        const created = await fetch(`${first?.url ?? ''}/tasks`, { method: 'POST', headers, body });
        const path = created.headers.get('location') ?? '';
        return [
          { name: 'GET of a task', method: 'GET', path, headers: {}, share: 0.5 },
          { name: 'POST of a task', method: 'POST', path: '/tasks', headers, body, share: 0.5 },
        ];
      },
    });
  } finally {
    await server.stop();
    await rm(folder, { recursive: true });
  }
}
