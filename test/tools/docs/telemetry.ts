import { logEvents } from './log-events.ts';
import { metricActions, nodeMetrics } from './metric-actions.ts';
import type { MetricDescription } from './metrics.ts';
import { readLogEvents } from './read-log-events.ts';
import { table } from './table.ts';

const METRIC_HEAD = ['metric', 'type', 'labels', 'workers', 'meaning', 'what to do'];
const code = (names: readonly string[]) => names.map((name) => `\`${name}\``).join(', ');

/** The metrics of the service. */
export function renderMetrics(metrics: readonly MetricDescription[]): string {
  return table(
    METRIC_HEAD,
    metrics.map(({ name, type, labels, over, help }) => [
      code([name]),
      type,
      code(labels),
      over,
      help,
      metricActions[name] ?? '',
    ]),
  );
}

/** The metrics of any Node.js process. */
export function renderNodeMetrics(): string {
  return table(
    METRIC_HEAD,
    Object.entries(nodeMetrics).map(([name, { type, labels, over, meaning, action }]) => [
      code([name]),
      type,
      code(labels),
      over,
      meaning,
      action,
    ]),
  );
}

/** Every event of the log, with what all of its places log. */
export function renderLogEvents(): string {
  const distinct = (values: readonly string[]) => [...new Set(values)];
  const logged = readLogEvents();
  const found = new Set(logged.map(({ event }) => event));
  const explained = Object.keys(logEvents).filter((event) => found.has(event));
  const events = distinct([...explained, ...logged.flatMap(({ event }) => event ?? [])]);
  return table(
    ['event', 'level', 'fields', 'meaning', 'what to do'],
    events.map((event) => {
      const [meaning = '', action = ''] = logEvents[event] ?? [];
      const places = logged.filter((one) => one.event === event);
      return [
        code([event]),
        distinct(places.map(({ level }) => level)).join(', '),
        code(distinct(places.flatMap(({ fields }) => fields))),
        meaning,
        action,
      ];
    }),
  );
}
