import { describe, expect, test } from '@jest/globals';
import { summarizeServer, sumOf } from './sampler.ts';
import type { DatabaseSample, ServerSample } from './scenario.ts';

describe('the figures of the server', () => {
  test('sum a metric over all labels, without metrics that share its prefix', () => {
    const text = [
      '# HELP shed_total Requests.',
      'shed_total{by="event-loop"} 3',
      'shed_total{by="in-flight",worker="2"} 4',
      'shed_total_created 99',
      'open 1.5e1',
    ].join('\n');
    expect(sumOf(text, 'shed_total')).toBe(7);
    expect(sumOf(text, 'open')).toBe(15);
    expect(sumOf(text, 'missing')).toBe(0);
  });

  const sample = (atS: number, rssBytes: number, database: DatabaseSample | null = null): ServerSample => ({
    atS,
    rssBytes,
    cpuPercent: 50,
    maxDelayMs: 1,
    utilization: 0.5,
    workers: 1,
    inFlight: null,
    shed: null,
    database,
  });

  test('summarize the samples of a phase, and of the half second after it', () => {
    const samples = [sample(0.1, 9), sample(1, 2), sample(2.4, 3), sample(2.6, 8)];
    expect(summarizeServer(samples, 0, 2)).toEqual({ peakRssBytes: 3, maxDelayMs: 1, cpuPercent: 50 });
    expect(summarizeServer(samples, 5, 6)).toBeNull();
  });

  test('give the mean wait for a database connection, without the waits of earlier phases', () => {
    const samples = [
      sample(10.5, 1, { waiting: 90, waits: 100, waitSeconds: 50 }), // the metrics of the phase before
      sample(11.1, 1, { waiting: 4, waits: 200, waitSeconds: 60 }),
      sample(12, 1, { waiting: 7, waits: 250, waitSeconds: 60.5 }),
    ];
    expect(summarizeServer(samples, 10, 12)).toMatchObject({ databaseWaitMs: 10, databaseWaiting: 7 });
    expect(summarizeServer(samples.slice(0, 2), 10, 12)).not.toHaveProperty('databaseWaitMs');
  });
});
