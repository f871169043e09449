import { describe, expect, test } from '@jest/globals';
import { continueTrace } from '../../src/http/trace-context.ts';

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const parentId = '00f067aa0ba902b7';
const received = { traceId, parentId, traceFlags: '01' };

describe('the headers that continue a trace', () => {
  test('name the same trace and a span of their own each time', () => {
    const [first, second] = [continueTrace(received), continueTrace(received)];
    expect(first['traceparent']).toMatch(new RegExp(`^00-${traceId}-[0-9a-f]{16}-01$`));
    expect(first['traceparent']).not.toContain(parentId);
    expect(first['traceparent']).not.toBe(second['traceparent']);
  });

  test.each([
    ['00', '00'],
    ['02', '02'],
    ['ff', '03'],
    [undefined, '03'],
  ])('with the flags %s of the caller carry %s: the ones that are known', (traceFlags, sent) => {
    const trace = traceFlags === undefined ? { traceId } : { ...received, traceFlags };
    expect(continueTrace(trace)['traceparent']).toMatch(new RegExp(`-${sent}$`));
  });

  test.each([
    ['a=1', true],
    ['a=1 , b@c=x y,', true],
    [`${'k'.repeat(256)}=1`, true],
    [`${'k'.repeat(257)}=1`, false],
    [`a=${'v'.repeat(256)}`, true],
    [`a=${'v'.repeat(257)}`, false],
    [Array.from({ length: 32 }, (_, n) => `k${n}=1`).join(), true],
    [Array.from({ length: 33 }, (_, n) => `k${n}=1`).join(), false],
    ['A=1', false],
    ['a=1=2', false],
    ['a=\t', false],
    ['a', false],
    ['', false],
  ])('pass on what others have added only if it is valid: %s', (tracestate, kept) => {
    expect(continueTrace(received, tracestate)['tracestate']).toBe(kept ? tracestate : undefined);
    expect(continueTrace({ traceId }, tracestate)['tracestate']).toBeUndefined();
  });
});
