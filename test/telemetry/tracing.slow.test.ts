/** Tracing when its receiver does not work. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { findFreePort } from '../support/free-port.ts';
import { Program, until } from '../support/program.ts';
import { SpanReceiver } from '../support/span-receiver.ts';

describe('a receiver that', () => {
  const send = async (program: Program, count: number) => {
    for (let i = 0; i < count; i += 1) expect((await program.get('/livez')).status).toBe(200);
  };
  const outcomes = async (program: Program) => {
    const text = await (await fetch(`${program.managementUrl}/metrics`)).text();
    const counters = text.matchAll(/^trace_spans_total\{outcome="([\w-]+)"\} (\d+)/gm);
    return new Map([...counters].map(([, name, count]) => [name, Number(count)]));
  };

  test('is away is logged once and counted, and slows neither requests nor the shutdown', async () => {
    await using program = await Program.start({
      WORKERS: '1',
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${await findFreePort()}`,
      OTEL_BSP_SCHEDULE_DELAY: '50',
    });
    await send(program, 20);
    await until('failed exports', async () =>
      ((await outcomes(program)).get('failed') ?? 0) >= 20 ? true : undefined,
    );
    await send(program, 20);
    expect(await program.stop()).toEqual({ code: 0, signal: null });
    const warnings = program.lines.filter(({ event }) => event === 'trace-export-failed');
    expect(warnings).toEqual([expect.objectContaining({ reason: expect.stringContaining('ECONNREFUSED') })]);
    expect(warnings[0]).not.toHaveProperty('requestId');
  });

  test('hangs fills a bounded queue, and the shutdown does not wait for it', async () => {
    await using receiver = await SpanReceiver.start({ hangs: true });
    await using program = await Program.start({
      WORKERS: '1',
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
      OTEL_EXPORTER_OTLP_TIMEOUT: '600000',
      OTEL_BSP_SCHEDULE_DELAY: '50',
      SHUTDOWN_TIMEOUT_MS: '30000',
    });
    const requests = Array.from({ length: 20 }, () => send(program, 150));
    await Promise.all(requests);
    expect((await outcomes(program)).get('dropped')).toBeGreaterThan(0);
    const exit = await Promise.race([program.stop(), sleep(20_000, 'late', { ref: false })]);
    expect(exit).toEqual({ code: 0, signal: null });
    expect(program.lines.filter(({ event }) => event === 'stop-task-failed')).toEqual([]);
  });
});
