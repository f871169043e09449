import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import packageJson from '../../../package.json' with { type: 'json' };
import { root } from '../../support/program.ts';
import { anchorOf } from './anchor.ts';
import { logEvents } from './log-events.ts';
import { metricActions, nodeMetrics } from './metric-actions.ts';
import { readMetricNames, readMetrics, readNodeMetrics } from './metrics.ts';
import { readLogEvents } from './read-log-events.ts';

describe('the reference of telemetry', () => {
  test('lists what the source logs and measures, and nothing else', async () => {
    const logged = readLogEvents();
    expect(logged.filter(({ event }) => event === undefined)).toEqual([]);
    expect(new Set(logged.map(({ event }) => event))).toEqual(new Set(Object.keys(logEvents)));
    const collected = new Set((await readMetrics()).map(({ name }) => name));
    expect(new Set(Object.keys(metricActions))).toEqual(collected);
    expect(collected).toEqual(readMetricNames()); // also those that only some configurations have
  });

  test('goes with a section of operations.md for every alert', () => {
    const alerts = readFileSync(`${root}docker/prometheus/alerts.yml`, 'utf8');
    const names = [...alerts.matchAll(/alert: (\w+)/g)].map(([, name = '']) => name);
    const page = `${packageJson.repository.url.replace('git+', '').replace('.git', '')}/blob/main/docs/operations.md`;
    expect([...alerts.matchAll(/runbook_url: (\S+)/g)].map(([, url]) => url)).toEqual(
      names.map((name) => `${page}#${anchorOf(name)}`),
    );
    const section = readFileSync(`${root}docs/operations.md`, 'utf8')
      .split('### Alerts')[1]
      ?.split(/^### /m)[0];
    expect([...(section ?? '').matchAll(/^#### (\w+)$/gm)].map(([, name]) => name)).toEqual(names);
  });

  test('describes the metrics of Node.js as they are', () => {
    for (const { name, help: _, ...metric } of readNodeMetrics()) {
      const { type, labels, over } = nodeMetrics[name] ?? {};
      expect({ name, type, labels, over }).toEqual({ name, ...metric });
    }
  });
});
