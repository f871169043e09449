import { copyButton } from './copy.ts';
import { h } from './dom.ts';
import { isEvidence, type Outcome, type Progress } from './exchange.ts';
import { inWords, showResult } from './figures.ts';
import { bytes, digits, ms, plain } from './format.ts';
import type { Evidence, PageRoute } from './shapes.ts';
import { createTimeline } from './timeline.ts';

/** The whole answer: what it teaches, its drawing, its figures, where it came from, and as it was sent. */
export function showOutcome(outcome: Outcome, route: PageRoute): HTMLElement {
  const { progress, json, failure } = outcome;
  const evidence = isEvidence(json) ? json : undefined;
  return h(
    'div',
    { class: 'answer' },
    failure === undefined ? undefined : h('p', { class: 'failure' }, failure),
    evidence === undefined ? showPlain(outcome) : showEvidence(evidence, route),
    progress === undefined ? undefined : showDelivery(outcome, progress, evidence),
    json === undefined ? undefined : showSource(JSON.stringify(json, null, 2), 'JSON'),
  );
}

function showEvidence({ lesson, timeline, result, cost }: Evidence, { meanings }: PageRoute): HTMLElement {
  return h(
    'div',
    { class: 'evidence' },
    h('p', { class: 'lesson' }, lesson),
    timeline === undefined ? undefined : createTimeline(timeline),
    showResult(result, meanings),
    h('section', { class: 'part cost' }, h('h4', {}, 'What it cost the process'), showCost(cost)),
  );
}

function showCost(cost: Evidence['cost']): HTMLElement {
  const loop = cost['eventLoop'] as { utilization?: number; maxDelayMs?: number } | undefined;
  const entries: [string, unknown][] = [
    ['elapsed', inWords('elapsedMs', cost['elapsedMs'])],
    ['CPU', inWords('cpuMs', cost['cpuMs'])],
    ['event loop busy', inWords('utilization', loop?.utilization)],
    ['event loop late, at most', inWords('maxDelayMs', loop?.maxDelayMs)],
    ['memory', inWords('rssDeltaBytes', cost['rssDeltaBytes'])],
  ];
  return showPairs(entries);
}

function showPairs(entries: readonly (readonly [string, unknown])[]): HTMLElement {
  const pairs = entries
    .filter(([, value]) => value !== undefined && value !== '')
    .map(([name, value]) =>
      h('div', {}, h('dt', {}, name), h('dd', {}, value instanceof Node ? value : String(value))),
    );
  return h('dl', { class: 'pairs' }, ...pairs);
}

/** An answer that is no evidence: a problem, a text, a file. */
function showPlain({ progress, json }: Outcome): HTMLElement | undefined {
  if (progress === undefined) return undefined;
  const problem = json as { title?: string; detail?: string; code?: string; errors?: unknown } | undefined;
  if (progress.status >= 400 && problem?.title !== undefined) {
    return h(
      'div',
      { class: 'problem' },
      h(
        'p',
        {},
        h('strong', {}, `${progress.status} ${problem.title}`),
        problem.code === undefined ? '' : ` (${problem.code})`,
      ),
      problem.detail === undefined ? undefined : h('p', {}, problem.detail),
    );
  }
  if (json !== undefined) return showResult(json, {});
  return progress.text === '' ? undefined : showText(progress.text);
}

const SHOWN_CHARACTERS = 20_000;

/** The beginning of a text. */
export function showText(text: string): HTMLElement {
  const cut = text.length > SHOWN_CHARACTERS;
  const shown = cut
    ? `${text.slice(0, SHOWN_CHARACTERS)}\n… and ${digits(text.length - SHOWN_CHARACTERS)} characters more`
    : text;
  return h('pre', { class: 'text', tabindex: 0, role: 'group', 'aria-label': 'The answer as text' }, shown);
}

function showDelivery(outcome: Outcome, progress: Progress, evidence: Evidence | undefined): HTMLElement {
  const { headers, status } = progress;
  const id = headers.get('x-request-id') ?? '';
  const rate = progress.bytes / Math.max(0.001, (outcome.totalMs - (progress.firstByteMs ?? 0)) / 1000);
  const large = progress.bytes > 100_000;
  return h(
    'section',
    { class: 'part delivery' },
    h('h4', {}, 'How it came'),
    showPairs([
      ['status', String(status)],
      ['seen here after', plain(ms(outcome.totalMs))],
      ['Server-Timing', readServerTiming(headers.get('server-timing'))],
      ['size', plain(bytes(progress.bytes))],
      ['rate', large ? `${plain(bytes(rate))}/s in ${digits(progress.chunks)} chunks` : ''],
      ['type', headers.get('content-type')?.split(';')[0] ?? ''],
      [
        'answered by',
        evidence === undefined ? '' : `worker ${evidence.ranOn.worker}, pid ${evidence.ranOn.pid}`,
      ],
      [
        'request id',
        id === ''
          ? ''
          : h(
              'span',
              { class: 'mono' },
              id,
              ' ',
              copyButton(() => id, 'Copy the request id'),
            ),
      ],
    ]),
  );
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

function showSource(text: string, title: string): HTMLElement {
  const pre = h('pre', { class: 'text', tabindex: 0, role: 'group', 'aria-label': `The answer as ${title}` });
  const details = h(
    'details',
    {
      class: 'source',
      toggle: () => {
        if (pre.textContent === '') pre.textContent = text.slice(0, 200_000);
      },
    },
    h('summary', {}, title),
    h(
      'div',
      { class: 'boxed' },
      copyButton(() => text, `Copy the ${title}`),
      pre,
    ),
  );
  return details;
}
