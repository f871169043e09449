import { describe, expect, test } from '@jest/globals';
import type { Lesson } from '../../src/demos/kit/demo.ts';
import { conclude as concludeRetry, summarize } from '../../src/demos/resilience/retry.ts';
import type { summarize as summarizeCalls } from '../../src/demos/resilience/slow-dependency.ts';
import { until } from '../support/program.ts';
import { useTestApp } from '../support/use-test-app.ts';

const service = await useTestApp();

async function run<Result>(path: string): Promise<{ result: Result; lesson: Lesson }> {
  const response = await service.client.get(`/demos/resilience/${path}`).expect(200);
  return response.body as { result: Result; lesson: Lesson };
}

describe('resilience/retry', () => {
  type Retried = ReturnType<typeof summarize>;

  test('jitter spares the restarted server refusals, and every client recovers earlier', async () => {
    const { result: together, lesson } = await run<Retried>('retry?policy=backoff');
    const { result: spread } = await run<Retried>('retry?policy=jitter');

    expect(together).toMatchObject({ cutCalls: 50, lostCalls: 0 });
    expect(spread).toMatchObject({ cutCalls: 50, lostCalls: 0 });
    expect(together.refusedByHealthyServer).toBeGreaterThan(spread.refusedByHealthyServer);
    expect(together.recoveredMs).toBeGreaterThan(Number(spread.recoveredMs));
    expect(lesson.headline).toMatch(/^Backoff without jitter: .*× the usual load, recovered in/);
  });

  test('immediate retries take more requests than a backoff with jitter, and no retry loses the calls', async () => {
    const { result: none, lesson } = await run<Retried>('retry?policy=none');
    const { result: immediate } = await run<Retried>('retry?policy=immediate');
    const { result: spread } = await run<Retried>('retry?policy=jitter');

    expect(none.lostCalls).toBeGreaterThanOrEqual(none.clients);
    expect(lesson.headline).toBe(`Without retries ${none.lostCalls} calls failed`);
    expect(immediate.lostCalls).toBe(0);
    expect(immediate.requestsPerCutCall).toBeGreaterThan(2 * spread.requestsPerCutCall);
    expect(immediate.peakRatio).toBeGreaterThan(spread.peakRatio);
  });

  test('does not conclude anything if some clients were not cut', () => {
    const report = { usual: 50, cut: 40, cutAtMs: 0, peak: 5, refusedByHealthy: 0 };
    const served = {
      ...report,
      succeeded: 100,
      lost: 0,
      slots: [{ requests: 5, served: 5 }],
      recoveries: [400],
    };

    expect(concludeRetry(summarize({ policy: 'jitter', clients: 50 }, served)).headline).toMatch(
      /^This run does not tell/,
    );
  });

  test.each(['clients=9', 'clients=101', 'policy=always'])('rejects %s with 400', async (query) => {
    await service.client.get(`/demos/resilience/retry?${query}`).expect(400);
  });
});

describe('resilience/slow-dependency', () => {
  type Called = ReturnType<typeof summarizeCalls>;

  /** On a busy machine calls are slow before anything hangs: the lesson says so. */
  const behind = (guard: string) =>
    until(`a run with ${guard} on an idle machine`, async () => {
      const response = await service.client
        .get(`/demos/resilience/slow-dependency?guard=${guard}`)
        .expect(200);
      const body = response.body as { result: Called; lesson: Lesson; timeline: { label: string }[] };
      return body.lesson.headline.startsWith('This run does not tell') ? undefined : body;
    });

  test('without a guard the dependency that hangs takes every connection, and the healthy one waits', async () => {
    const { result: none } = await behind('none');
    const { result: timeout } = await behind('timeout');
    const { result: bulkhead, lesson } = await behind('bulkhead');

    expect(none.hanging).toMatchObject({ timedOut: 0, spared: 0 });
    expect(none.hanging.peakInFlight).toBeGreaterThan(none.connections);
    expect(timeout.hanging.timedOut).toBeGreaterThan(0);
    expect(timeout.hanging.peakInFlight).toBeLessThan(none.hanging.peakInFlight);
    expect(bulkhead.hanging.peakInFlight).toBe(6);
    expect(bulkhead.hanging.spared).toBeGreaterThan(0);
    expect(none.healthy.medianMs).toBeGreaterThan(2 * timeout.healthy.medianMs);
    expect(none.healthy.medianMs).toBeGreaterThan(4 * bulkhead.healthy.medianMs);
    expect(lesson.text).toContain('rejected without a call');
  });

  test('a breaker opens, spares calls, tries one again and closes', async () => {
    const { result, lesson, timeline } = await behind('breaker');
    const states = timeline.map(({ label }) => label).filter((label) => label !== 'hangs');

    expect(states.slice(0, 3)).toEqual(['closed', 'open', 'half-open']);
    expect(states.at(-1)).toBe('closed');
    expect(result.hanging.spared).toBeGreaterThan(result.hanging.timedOut);
    expect(result.firstSuccessAfterMs).toBeGreaterThan(0);
    expect(lesson.text).toMatch(/A call succeeded .* after the hang/);
  });
});
