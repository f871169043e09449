import { cpus } from 'node:os';
import process from 'node:process';
import { z } from 'zod';
import { rawEnvironment } from '../../config/environment.ts';
import { availableCpus } from '../../process/available-cpus.ts';
import { count } from '../kit/answer/units.ts';
import { demoRoute } from '../kit/demo.ts';

export const info = demoRoute({
  method: 'get',
  path: '/info',
  title: 'Describe the process',
  summary: 'Reports ids, versions, uptime, cores and active resources of this process.',
  teaches:
    'Only harmless values are shown. Paths, arguments and user names are left out because they help attackers.',
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
    coresUsable: z
      .number()
      .describe('Those that CPU affinity and the quota of the cgroup leave to this process'),
    poolThreads: z.string().describe("Threads of libuv's pool: UV_THREADPOOL_SIZE, which defaults to 4"),
    resourcesHeld: z.array(z.string()).describe('What keeps the event loop alive now, by kind'),
  }),
  examples: [{ title: 'Ids, versions and cores', query: { as: 'text' } }],
  contrasts: ['process/memory', 'process/resource-usage', 'cluster/whoami'],
  run() {
    const { node, v8, uv: libuv, openssl } = process.versions;
    const coresUsable = availableCpus();
    const coresOfMachine = Math.max(coresUsable, cpus().length); // cpus() is empty if /proc is not mounted
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
        ? `${count(coresUsable, 'core')} of the ${coresOfMachine} that the machine has; CPU affinity or a cgroup quota excludes the rest`
        : `${coresUsable === 1 ? 'the one core' : `all ${coresUsable} cores`} of the machine`;
    return {
      result,
      lesson: {
        headline: `This process may use ${coresUsable} of ${count(coresOfMachine, 'core')}`,
        text:
          `Process ${result.pid}, a child of ${result.parentPid}, has run Node.js ${node} on ${result.platform} ${result.architecture} for ${uptimeS} s. ` +
          `It may use ${cores}.`,
      },
    };
  },
});

/** Counts by kind: "1 TTYWrap", "2 Timeout". */
function tally(kinds: readonly string[]): string[] {
  const groups = Map.groupBy(kinds, (kind) => kind);
  return [...groups].map(([kind, all]) => `${all.length} ${kind}`).toSorted();
}
