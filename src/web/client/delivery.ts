import { copyButton } from './copy.ts';
import { h } from './dom.ts';
import type { Outcome, Progress } from './exchange.ts';
import { bytes, digits, ms, plain } from './format.ts';
import { showPairs } from './pairs.ts';
import type { Evidence } from './shapes.ts';

/** Headers that say something about just this answer. */
const TELLING = ['location', 'link', 'etag', 'content-range', 'retry-after', 'idempotency-replayed'];
/** An answer of more bytes has a rate worth telling. */
const LARGE_BYTES = 100_000;

/** How an answer came: status, time, size, and who gave it. */
export function showDelivery(outcome: Outcome, progress: Progress, ranOn?: Evidence['ranOn']): HTMLElement {
  const { headers, status, redirectedTo } = progress;
  return h(
    'section',
    { class: 'part delivery' },
    h('h4', {}, 'How it came'),
    showPairs([
      ['status', String(status)],
      ['redirected to', redirectedTo],
      ...TELLING.map((name) => [name, headers.get(name) ?? undefined] as const),
      ['seen here after', plain(ms(outcome.totalMs))],
      ['Server-Timing', readServerTiming(headers.get('server-timing'))],
      ['size', plain(bytes(progress.bytes))],
      ['rate', describeRate(outcome, progress)],
      ['type', headers.get('content-type')?.split(';')[0]],
      ['answered by', ranOn && `worker ${ranOn.worker}, pid ${ranOn.pid}`],
      ['request id', showId(headers.get('x-request-id'))],
    ]),
  );
}

function describeRate({ totalMs }: Outcome, { bytes: size, chunks, firstByteMs = 0 }: Progress): string {
  if (size <= LARGE_BYTES) return '';
  const rate = size / Math.max(0.001, (totalMs - firstByteMs) / 1000);
  return `${plain(bytes(rate))}/s in ${digits(chunks)} chunks`;
}

function showId(id: string | null): HTMLElement | undefined {
  if (id === null) return undefined;
  const copy = copyButton(() => id, 'Copy the request id');
  return h('span', { class: 'mono' }, id, ' ', copy);
}

/** `total;dur=312, cpu;dur=300` in words. */
function readServerTiming(header: string | null): string {
  if (header === null) return '';
  return header
    .split(',')
    .map((part) => {
      const [name = '', ...rest] = part.trim().split(';');
      const took = rest.find((one) => one.startsWith('dur='))?.slice(4);
      return took === undefined ? name : `${name} ${plain(ms(Number(took)))}`;
    })
    .join(', ');
}
