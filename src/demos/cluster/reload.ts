import { z } from 'zod';
import { Problem } from '../../http/problem.ts';
import { managementHeaders } from '../../supervision/management-access.ts';
import type { ClusterView } from '../../supervision/supervision.ts';
import { count, ms } from '../kit/answer/units.ts';
import { fetchClusterView } from '../kit/cluster-view.ts';
import { demoRoute, type Lesson } from '../kit/demo.ts';
import { findManagement } from '../kit/management-address.ts';
import { fetchResponse } from '../kit/measure/loopback.ts';

const resultSchema = z.strictObject({
  ready: z.number().describe('Workers that will be replaced, one after the other'),
  lastStartMs: z.number().nullable().describe('How long the last start of a worker took'),
  lastReload: z
    .strictObject({ replaced: z.number(), durationMs: z.number() })
    .nullable()
    .describe('The last reload that finished'),
  watch: z.array(z.string()).describe('Where to observe it'),
});
export type Reload = z.infer<typeof resultSchema>;

export const reload = demoRoute({
  method: 'post',
  path: '/reload',
  danger: true,
  title: 'Reload under load',
  summary: 'Replaces every worker with a new one, one after the other, while requests go on.',
  teaches:
    'Start the replacement first, wait until it is ready, and only then let the old worker drain. The listening socket ' +
    'stays open throughout, so no request fails and no connection is refused.',
  result: resultSchema,
  problems: ['conflict'],
  examples: [{ title: 'Replace every worker' }],
  contrasts: ['failures/kill', 'cluster/workers'],
  async run({ res, resources, signal, draining, log }) {
    const management = await findManagement(resources, signal);
    const found = await fetchClusterView(resources, signal);
    if (!resources.dependencies.clustered || management === undefined || found === undefined) {
      throw new Problem('conflict', { detail: 'A reload needs a cluster: WORKERS is 0.' });
    }
    // After the response: the worker that sends it is replaced too, and would wait for it.
    res.once('finish', () => {
      const headers = managementHeaders(resources.dependencies.config);
      fetchResponse(`${management}/reload`, { method: 'POST', headers, signal: draining })
        .then(({ status, body }) => {
          if (status !== 200) throw new Error(`${status} ${body.toString()}`);
        })
        .catch((err: unknown) => {
          // This worker drains: the primary goes on with the reload.
          if (!draining.aborted) log.warn({ err, event: 'reload-request-failed' }, 'reload request failed');
        });
    });
    const result = { ...summarizeReloads(found.view), watch: [`curl -s ${found.url}`] };
    return { result, lesson: concludeReload(result) };
  },
});

/** What the primary has measured of reloads so far. */
export function summarizeReloads({ workers, events }: ClusterView): Omit<Reload, 'watch'> {
  const last = events.findLast(({ event }) => event === 'reload-finished');
  return {
    ready: workers.filter(({ state }) => state === 'ready').length,
    lastStartMs: events.findLast(({ event }) => event === 'ready')?.afterMs ?? null,
    lastReload:
      last === undefined ? null : { replaced: Number(last.replaced), durationMs: Number(last.durationMs) },
  };
}

export function concludeReload({ ready, lastStartMs, lastReload }: Reload): Lesson {
  const workers = count(ready, 'worker');
  const start = lastStartMs === null ? '' : ` The last start of a worker took ${ms(lastStartMs)}.`;
  const before =
    lastReload === null
      ? ' No reload has finished yet.'
      : ` The last reload replaced ${count(lastReload.replaced, 'worker')} in ${ms(lastReload.durationMs)}.`;
  return {
    headline: `The primary replaces ${workers}, one after the other`,
    text: `Each of ${workers} drains only after its replacement is ready.${start}${before}`,
  };
}
