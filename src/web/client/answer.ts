import { showDelivery } from './delivery.ts';
import { h } from './dom.ts';
import { isEvidence, type Outcome } from './exchange.ts';
import { inWords, showResult } from './figures.ts';
import { showPairs } from './pairs.ts';
import type { Evidence, PageRoute } from './shapes.ts';
import { showSource, showText } from './texts.ts';
import { createTimeline } from './timeline.ts';

/** The whole answer: what it teaches, its drawing, its figures, where it came from, and as it was sent. */
export function showOutcome(outcome: Outcome, route: PageRoute): HTMLElement {
  const { progress, json, failure } = outcome;
  const evidence = isEvidence(json) ? json : undefined;
  return h(
    'div',
    { class: 'answer' },
    failure === undefined ? undefined : h('p', { class: 'failure' }, failure),
    evidence === undefined ? showPlain(outcome, route) : showEvidence(evidence, route),
    progress === undefined ? undefined : showDelivery(outcome, progress, evidence?.ranOn),
    json !== undefined && showSource(JSON.stringify(json, null, 2), 'The answer as JSON'),
    progress && showSource(listHeaders(progress.headers), 'Its headers'),
  );
}

function listHeaders(headers: Headers): string {
  return [...headers].map(([name, value]) => `${name}: ${value}`).join('\n');
}

function showEvidence(
  { lesson, timeline, moreSpans, result, cost }: Evidence,
  { meanings }: PageRoute,
): HTMLElement {
  return h(
    'div',
    { class: 'evidence' },
    h('p', { class: 'lesson' }, lesson),
    timeline === undefined ? undefined : createTimeline(timeline),
    moreSpans === undefined ? undefined : h('p', { class: 'muted' }, `… and ${moreSpans} more spans`),
    showResult(result, meanings),
    h('section', { class: 'part cost' }, h('h4', {}, 'What it cost the process'), showCost(cost)),
  );
}

function showCost(cost: Evidence['cost']): HTMLElement {
  const loop = cost['eventLoop'] as { utilization?: number; maxDelayMs?: number } | undefined;
  return showPairs([
    ['elapsed', inWords('elapsedMs', cost['elapsedMs'])],
    ['CPU', inWords('cpuMs', cost['cpuMs'])],
    ['CPU in children', inWords('childrenCpuMs', cost['childrenCpuMs'] || undefined)],
    ['event loop busy', inWords('utilization', loop?.utilization)],
    ['event loop late, at most', inWords('maxDelayMs', loop?.maxDelayMs)],
    ['memory', inWords('rssDeltaBytes', cost['rssDeltaBytes'])],
  ]);
}

/** An answer that is no evidence: a problem, a text, a file. */
function showPlain({ progress, json }: Outcome, { meanings }: PageRoute): HTMLElement | undefined {
  if (progress === undefined) return undefined;
  const problem = json as ProblemAnswer | undefined;
  if (progress.status >= 400 && problem?.title !== undefined) return showProblem(progress.status, problem);
  if (json !== undefined) return showResult(json, meanings);
  if (progress.bytes === 0) return h('p', { class: 'muted' }, 'Nothing but its head came.');
  return progress.text === '' ? undefined : showText(progress.text);
}

/** What of a problem by RFC 9457 is for people. */
interface ProblemAnswer {
  readonly title?: string;
  readonly detail?: string;
  readonly code?: string;
  readonly errors?: readonly { readonly in: string; readonly name: string; readonly message: string }[];
}

function showProblem(status: number, { title, code, detail, errors }: ProblemAnswer): HTMLElement {
  const faults = errors?.map(({ in: where, name, message }) =>
    h('li', {}, h('code', {}, name === '' ? where : name), ` ${message}`),
  );
  return h(
    'div',
    { class: 'problem' },
    h('p', {}, h('strong', {}, `${status} ${title ?? ''}`), code === undefined ? '' : ` (${code})`),
    faults === undefined
      ? detail !== undefined && h('p', {}, detail)
      : h('ul', { class: 'faults' }, ...faults),
  );
}
