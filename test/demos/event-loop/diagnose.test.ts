import { describe, expect, test } from '@jest/globals';
import { conclude, diagnose } from '../../../src/demos/event-loop/diagnose.ts';
import { until } from '../../support/program.ts';
import { useEventLoop } from './use-event-loop.ts';

const run = await useEventLoop();

type Fingerprint = Parameters<typeof diagnose>[0];
interface Diagnosis {
  readonly requestedCause: string;
  readonly diagnosis: string;
  readonly fingerprints: readonly [Fingerprint, Fingerprint];
}

describe('event-loop/diagnose', () => {
  const headlines = {
    blocked: /^The event loop is blocked/,
    gc: /^Garbage collection paused/,
    pool: /^The thread pool is full/,
    downstream: /waits for something downstream$/,
    none: /^The figures show no fault/,
  };

  test.each(Object.entries(headlines))(
    'finds the cause %s from the figures alone',
    async (cause, headline) => {
      // A machine without a free core is a cause of its own: then it measures again.
      const { result, lesson } = await until(`the diagnosis ${cause}`, async () => {
        const each = await run<Diagnosis>(`diagnose?cause=${cause}`);
        return each.result.diagnosis === cause ? each : undefined;
      });

      expect(result.requestedCause).toBe(cause);
      expect(lesson.headline).toMatch(headline);
    },
  );
});

describe('the diagnosis', () => {
  const healthy: Fingerprint = {
    phase: 'healthy',
    requests: 50,
    latencyMs: 10,
    utilization: 0.2,
    loopDelayMs: 1,
    gcShare: 0.01,
    poolMs: 0.3,
    cpuCores: 0.2,
  };
  const slow: Fingerprint = { ...healthy, phase: 'now', latencyMs: 200 };

  test.each([
    ['none', { latencyMs: 24 }],
    ['downstream', {}],
    ['blocked', { utilization: 0.95, loopDelayMs: 40, poolMs: 40 }],
    ['gc', { utilization: 0.95, loopDelayMs: 40, gcShare: 0.4 }],
    ['pool', { poolMs: 120, cpuCores: 2 }],
  ] as const)('is %s for its typical figures', (cause, figures) => {
    expect(diagnose(healthy, { ...slow, ...figures })).toBe(cause);
  });

  test('names the figures', () => {
    expect(conclude(healthy, { ...slow, poolMs: 120 })).toEqual({
      headline: 'The thread pool is full: fs.stat took 120 ms',
      text: expect.stringContaining('A request took 200 ms, compared with 10.0 ms before.'),
    });
  });
});
