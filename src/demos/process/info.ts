import { availableParallelism } from 'node:os';
import process from 'node:process';
import { z } from 'zod';
import { rawEnvironment } from '../../config.ts';
import { availableCpus } from '../../process/available-cpus.ts';
import { demoRoute } from '../demo.ts';
import { count } from '../evidence/words.ts';

export const info = demoRoute({
  method: 'get',
  path: '/info',
  summary: 'What this process knows of itself: ids, versions, age, cores.',
  teaches:
    'What is worth telling is on this list. Paths, arguments and users are not: they help who looks for a way in.',
  result: z.strictObject({
    pid: z.number(),
    parentPid: z.number(),
    uptimeS: z.number(),
    platform: z.string(),
    architecture: z.string(),
    node: z.string(),
    v8: z.string(),
    libuv: z.string(),
    openssl: z.string(),
    runsTypeScript: z.string().describe('How this Node.js treats types: strip, transform or not'),
    coresOfMachine: z.number(),
    coresUsable: z.number().describe("What is left of them by this process's control group"),
    poolThreads: z.string().describe("Threads of libuv's pool, where UV_THREADPOOL_SIZE says nothing: 4"),
    resourcesHeld: z.array(z.string()).describe('What keeps the event loop alive now, by kind'),
  }),
  examples: [{ title: 'Who this is', query: { as: 'text' } }],
  contrasts: ['process/memory', 'process/resource-usage', 'cluster/whoami'],
  run() {
    const { node, v8, uv: libuv, openssl } = process.versions;
    const coresOfMachine = availableParallelism();
    const coresUsable = availableCpus();
    const uptimeS = Math.round(process.uptime() * 10) / 10;
    const result = {
      pid: process.pid,
      parentPid: process.ppid,
      uptimeS,
      platform: process.platform,
      architecture: process.arch,
      node,
      v8,
      libuv,
      openssl,
      runsTypeScript: process.features.typescript || 'not',
      coresOfMachine,
      coresUsable,
      poolThreads: rawEnvironment()['UV_THREADPOOL_SIZE'] ?? '4',
      resourcesHeld: tally(process.getActiveResourcesInfo()),
    };
    const cores =
      coresUsable < coresOfMachine
        ? `may use ${count(coresUsable, 'core')} of the ${coresOfMachine} that the machine has, which only its control group tells`
        : `may use ${coresUsable === 1 ? 'the one core' : `all ${coresUsable} cores`} of the machine`;
    return {
      result,
      lesson: `Process ${result.pid}, a child of ${result.parentPid}, has run Node.js ${node} on ${result.platform} ${result.architecture} for ${uptimeS} s, and ${cores}.`,
    };
  },
});

/** «2 Timeout, 1 TTYWrap». */
function tally(kinds: readonly string[]): string[] {
  const counts = Map.groupBy(kinds, (kind) => kind);
  return [...counts].map(([kind, all]) => `${all.length} ${kind}`).toSorted();
}
