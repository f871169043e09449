import type { Fault } from '../fault.ts';
import { readMetrics } from '../../support/metrics.ts';
import { until } from '../../support/program.ts';
import { get, sendRaw } from '../raw.ts';

const REQUESTS = 20;

export const failingStreams: Fault = {
  name: 'failing-streams',
  expects:
    'source of a streamed response fails: a 500 before the first byte, later a closed connection; its cause logged once; never 499',
  async run(sandbox) {
    const program = await sandbox.start();
    const traffic = sandbox.startTraffic(program);
    await traffic.untilSent(sandbox.amount(1_000));
    const send = (kilobytes: number) =>
      Promise.all(
        Array.from({ length: REQUESTS }, () =>
          sendRaw(program, get(`/faults/failing-stream?n=${kilobytes}`)),
        ),
      );
    const early = await send(0);
    const late = await send(8);
    const logged = (event: string) =>
      program.lines.filter((line) => line['event'] === event && line['path'] !== undefined);
    const ends = await until('the access log lines', () => {
      const lines = logged('request').filter(({ path }) => path === '/faults/failing-stream');
      return lines.length >= 2 * REQUESTS ? lines : undefined;
    });
    const errors = program.lines.filter(({ event }) => event === 'request-failed');
    const metrics = await readMetrics(program);
    await traffic.stop();
    const aborted = metrics.get('http_responses_aborted_total{by="error"}') ?? 0;
    const ids = (lines: readonly Record<string, unknown>[]) =>
      lines
        .map(({ requestId }) => requestId)
        .sort()
        .join();
    const problems = early.filter(({ status, text }) => status === 500 && text.includes('internal-error'));
    const cut = late.filter(({ status, text }) => status === 200 && !text.endsWith('0\r\n\r\n'));
    const closedByError = ends.filter(({ closedBy }) => closedBy === 'error').length;
    return {
      figure: `before the first byte: ${problems.length} × 500 of ${REQUESTS}; in the middle: ${cut.length} of ${REQUESTS} closed, ${closedByError} logged so, ${aborted} counted; ${errors.length} log lines with the cause; others: ${traffic.summary}`,
      checks: {
        'error response before the first byte': problems.length === REQUESTS,
        'closed in the middle': cut.length === REQUESTS && closedByError === REQUESTS,
        'counted as aborted by an error': aborted === REQUESTS,
        'cause logged once per request': ids(errors) === ids(ends),
        'never 499': ends.every(({ status }) => status !== 499),
        'no other failed request': traffic.failed === 0,
      },
    };
  },
};
