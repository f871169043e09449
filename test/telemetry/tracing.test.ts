import { ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { AlwaysOffSampler, createAlwaysRecordSampler, TracerProvider } from '@opentelemetry/sdk-trace';
import { describe, expect, jest, test } from '@jest/globals';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import { readConfig } from '../../src/config/config.ts';
import { readPairs, toOtlp } from '../../src/telemetry/otlp.ts';
import { TailSampling } from '../../src/telemetry/tail-sampling.ts';
import { tracesUrl } from '../../src/telemetry/open-tracing.ts';
import { noTracing } from '../../src/telemetry/tracing.ts';

const BASE = 'OTEL_EXPORTER_OTLP_ENDPOINT';
const TRACES = 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT';

describe('traces', () => {
  test.each([
    [{}, undefined],
    [{ [BASE]: 'http://collector:4318' }, 'http://collector:4318/v1/traces'],
    [{ [BASE]: 'http://collector:4318/a/' }, 'http://collector:4318/a/v1/traces'],
    [{ [BASE]: 'http://collector:4318', [TRACES]: 'http://other/x' }, 'http://other/x'],
    [{ [BASE]: 'http://collector:4318', OTEL_SDK_DISABLED: 'true' }, undefined],
  ])('with %j are sent to %s', (env, url) => {
    expect(tracesUrl(readConfig(env))).toBe(url);
  });

  test.each(['0', '1', '0.01', '.5', '1.0'])('may be sampled with a ratio of %s', (ratio) => {
    expect(readConfig({ OTEL_TRACES_SAMPLER_ARG: ratio }).OTEL_TRACES_SAMPLER_ARG).toBe(Number(ratio));
  });

  test.each(['1.01', '2', '-1', 'half'])('cannot be sampled with a ratio of %s', (ratio) => {
    expect(() => readConfig({ OTEL_TRACES_SAMPLER_ARG: ratio })).toThrow('must be a number from 0 to 1');
  });
});

test('pairs are read as the specification has them', () => {
  expect(readPairs('team=shop, key=a%2Cb=c,percent=5%,')).toEqual({
    team: 'shop',
    key: 'a,b=c',
    percent: '5%',
  });
});

/** A tracer whose sampler chooses nothing, and what is exported. */
function createTail(slowMs = 0) {
  const exported: ReadableSpan[] = [];
  const inc = jest.fn<(labels: object, count?: number) => void>();
  const tail = new TailSampling({
    export: { add: (spans) => void exported.push(...spans) },
    slowMs,
    spans: { inc } as never,
  });
  const sampler = createAlwaysRecordSampler(new AlwaysOffSampler());
  const tracer = new TracerProvider({ sampler, spanProcessors: [tail] }).getTracer('test');
  const start = (name: string, parent?: ReturnType<typeof tracer.startSpan>) =>
    tracer.startSpan(name, {}, parent === undefined ? ROOT_CONTEXT : trace.setSpan(ROOT_CONTEXT, parent));
  return { start, exported, names: () => exported.map(({ name }) => name), inc };
}

describe('of requests that are not sampled', () => {
  test('a failed one is exported with all its spans, and one that succeeds is not', () => {
    const { start, names, inc } = createTail();
    for (const code of [2, 0]) {
      const root = start(`root ${code}`);
      start(`child of ${code}`, root).end();
      expect(names()).not.toContain(`child of ${code}`);
      root.setStatus({ code }).end();
    }
    expect(names()).toEqual(['root 2', 'child of 2']);
    expect(inc.mock.calls).toEqual([[{ outcome: 'not-sampled' }, 2]]);
  });

  test('one with a failed child is not exported: its code has dealt with that', () => {
    const { start, names } = createTail();
    const root = start('root');
    start('child', root).setStatus({ code: 2 }).end();
    root.end();
    expect(names()).toEqual([]);
  });

  test('a slow one is exported', () => {
    const { start, names } = createTail(100);
    start('fast').end();
    const slow = start('slow');
    const until = Date.now() + 110;
    while (Date.now() < until);
    slow.end();
    expect(names()).toEqual(['slow']);
  });

  test('a span that ends after its request has the same fate', () => {
    const { start, names } = createTail();
    const root = start('root');
    const late = start('late', root);
    root.setStatus({ code: 2 }).end();
    late.end();
    expect(names()).toEqual(['root', 'late']);
  });

  test('one with very many spans is exported in part, and the rest is counted', () => {
    const { start, exported, inc } = createTail();
    const root = start('root');
    for (let i = 0; i < 1_010; i += 1) start('child', root).end();
    root.setStatus({ code: 2 }).end();
    expect(exported).toHaveLength(1_001);
    expect(inc.mock.calls).toEqual(Array.from({ length: 10 }, () => [{ outcome: 'dropped' }]));
  });
});

test('a span is exported in the JSON of OTLP', () => {
  const { start, exported } = createTail();
  const root = start('root').setAttributes({ text: 'a', whole: 3, part: 0.5, yes: true, list: ['a', 'b'] });
  root.addEvent('retry', { attempt: 2 }).setStatus({ code: 2 }).end();
  const { resourceSpans } = JSON.parse(toOtlp(exported, { 'service.name': 'tasks' })) as {
    resourceSpans: [{ resource: object; scopeSpans: [{ scope: object; spans: [object] }] }];
  };
  const [{ resource, scopeSpans }] = resourceSpans;
  expect(resource).toEqual({ attributes: [{ key: 'service.name', value: { stringValue: 'tasks' } }] });
  expect(scopeSpans[0].scope).toMatchObject({ name: 'test' });
  expect(scopeSpans[0].spans[0]).toMatchObject({
    traceId: root.spanContext().traceId,
    spanId: root.spanContext().spanId,
    flags: 0x100,
    kind: 1,
    status: { code: 2 },
    startTimeUnixNano: expect.stringMatching(/^\d{19}$/),
    attributes: [
      { key: 'text', value: { stringValue: 'a' } },
      { key: 'whole', value: { intValue: '3' } },
      { key: 'part', value: { doubleValue: 0.5 } },
      { key: 'yes', value: { boolValue: true } },
      { key: 'list', value: { arrayValue: { values: [{ stringValue: 'a' }, { stringValue: 'b' }] } } },
    ],
    events: [{ name: 'retry', attributes: [{ key: 'attempt', value: { intValue: '2' } }] }],
  });
});

test('without configuration work runs as it is', async () => {
  const span = noTracing.begin('nothing');
  expect(span.run(() => 1)).toBe(1);
  expect(await noTracing.span('nothing', {}, ({ id }) => Promise.resolve(id))).toBeUndefined();
  expect(noTracing.current()).toBeUndefined();
});
