import { copyButton } from '../dom/copy-button.ts';
import { h } from '../dom/elements.ts';
import { bytes, digits, ms, toText } from '../dom/format.ts';
import { nameValueList } from '../dom/name-value-list.ts';
import type { Outcome, Progress } from '../request/send-request.ts';
import type { Evidence } from './evidence.ts';
import { saveButton } from './save-button.ts';

/** Headers that differ from response to response. */
const SHOWN_HEADERS = ['location', 'link', 'etag', 'content-range', 'retry-after', 'idempotency-replayed'];
/** The rate of a smaller response says little. */
const MIN_BYTES_FOR_RATE = 100_000;

/** The status, time and size of a response, and the worker that sent it. */
export function createResponseDetails(
  outcome: Outcome,
  progress: Progress,
  ranOn: Evidence['ranOn'] | undefined,
  target: string,
): HTMLElement {
  const { headers, status, redirectedTo } = progress;
  return h(
    'section.part',
    h('h4', 'Response details'),
    nameValueList([
      ['status', progress.isRedirect ? 'hidden by the browser' : String(status)],
      ['redirected to', redirectedTo],
      ...SHOWN_HEADERS.map((name) => [name, headers.get(name) ?? undefined] as const),
      ['time in the browser', toText(ms(outcome.totalMs))],
      ['Server-Timing', formatServerTiming(headers.get('server-timing'))],
      ['size', toText(bytes(progress.bytes))],
      ['rate', formatRate(outcome, progress)],
      ['type', headers.get('content-type')?.split(';')[0]],
      ['sent by', ranOn && `worker ${ranOn.worker}, pid ${ranOn.pid}`],
      ['request ID', createId(headers.get('x-request-id'))],
    ]),
    saveButton(progress, target),
  );
}

function formatRate({ totalMs }: Outcome, { bytes: size, chunks, firstByteMs = 0 }: Progress): string {
  if (size <= MIN_BYTES_FOR_RATE) return '';
  const rate = size / Math.max(0.001, (totalMs - firstByteMs) / 1000);
  return `${toText(bytes(rate))}/s in ${digits(chunks)} chunks`;
}

function createId(id: string | null): HTMLElement | undefined {
  if (id === null) return undefined;
  const copy = copyButton(() => id, 'Copy the request ID');
  return h('span.mono', id, ' ', copy);
}

/** `total;dur=312, cpu;dur=300` becomes "total 312 ms, cpu 300 ms". */
function formatServerTiming(header: string | null): string {
  return (header ?? '').replace(/;dur=([\d.]+)/g, (_match, dur: string) => ` ${toText(ms(Number(dur)))}`);
}
