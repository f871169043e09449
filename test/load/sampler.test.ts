import { describe, expect, test } from '@jest/globals';
import { summarizeServer, sumOf } from './sampler.ts';
import type { ServerSample } from './scenario.ts';

describe('figures of the server', () => {
  test('are sums over all labels of a metric, and of no other that only begins alike', () => {
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

  test('are those that came in the phase, with the half second they are late', () => {
    const sample = (atS: number, rssBytes: number): ServerSample => ({
      atS,
      rssBytes,
      cpuPercent: 50,
      maxDelayMs: 1,
      utilization: 0.5,
      workers: 1,
      inFlight: null,
      shed: null,
    });
    const samples = [sample(0.1, 9), sample(1, 2), sample(2.4, 3), sample(2.6, 8)];
    expect(summarizeServer(samples, 0, 2)).toEqual({ peakRssBytes: 3, maxDelayMs: 1, cpuPercent: 50 });
    expect(summarizeServer(samples, 5, 6)).toBeNull();
  });
});
