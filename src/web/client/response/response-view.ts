import type { PageRoute } from '../../page-data.ts';
import { h, withCode } from '../dom/elements.ts';
import { nameValueList } from '../dom/name-value-list.ts';
import { collapsedText, textBlock } from '../dom/text-block.ts';
import type { Outcome, Progress } from '../request/send-request.ts';
import { isProfile } from './call-tree.ts';
import { isEvidence, type Evidence } from './evidence.ts';
import { createFlameGraph } from './flame-graph.ts';
import { createResponseDetails } from './response-details.ts';
import { createResultView, formatValue } from './result-view.ts';
import { createTimeline } from './timeline.ts';

/**
 * A complete response: its lesson, timeline, figures and details, and its source.
 *
 * @param follow sends the request again and follows its redirect
 */
export function createResponseView(outcome: Outcome, route: PageRoute, follow?: () => void): HTMLElement {
  const { progress, json, failure } = outcome;
  const evidence = isEvidence(json) ? json : undefined;
  return h(
    'div.response',
    failure === undefined ? undefined : h('p.failure', failure),
    progress?.isRedirect
      ? createRedirectView(follow)
      : evidence === undefined
        ? createPlainView(outcome, route)
        : createEvidenceView(evidence, route),
    progress && createResponseDetails(outcome, progress, evidence?.ranOn, route.path),
    json !== undefined && collapsedText(JSON.stringify(json, null, 2), 'Response as JSON'),
    progress && collapsedText(listHeaders(progress.headers), 'Response headers'),
  );
}

function createRedirectView(follow: (() => void) | undefined): HTMLElement {
  return h(
    'div.error',
    h('p', h('strong', 'The server redirects this request.')),
    h('p', 'A browser hides the status and the Location of a redirect from a page. The command shows both.'),
    follow && h('button.button.small', { type: 'button', click: follow }, 'Follow the redirect'),
  );
}

/** What a run shows: its headline, then the text. */
export function createLesson({ headline, text }: Evidence['lesson']): HTMLElement {
  return h('div.lesson', h('p.headline', ...withCode(headline)), h('p', ...withCode(text)));
}

function listHeaders(headers: Headers): string {
  return [...headers].map(([name, value]) => `${name}: ${value}`).join('\n');
}

function createEvidenceView(
  { lesson, timeline, moreSpans, result, cost }: Evidence,
  { meanings }: PageRoute,
): HTMLElement {
  return h(
    'div.evidence',
    createLesson(lesson),
    timeline === undefined ? undefined : createTimeline(timeline),
    moreSpans === undefined ? undefined : h('p.muted', `… and ${moreSpans} more spans`),
    createResultView(result, meanings),
    h('section.part', h('h4', 'Cost to the process'), createCostList(cost)),
  );
}

function createCostList(cost: Evidence['cost']): HTMLElement {
  const loop = cost['eventLoop'] as { utilization?: number; maxDelayMs?: number } | undefined;
  return nameValueList([
    ['elapsed', formatValue('elapsedMs', cost['elapsedMs'])],
    ['CPU', formatValue('cpuMs', cost['cpuMs'])],
    ['CPU in child processes', formatValue('childrenCpuMs', cost['childrenCpuMs'] || undefined)],
    ['event loop utilization', formatValue('utilization', loop?.utilization)],
    ['longest event loop delay', formatValue('maxDelayMs', loop?.maxDelayMs)],
    ['memory', formatValue('rssDeltaBytes', cost['rssDeltaBytes'])],
  ]);
}

/** A response without evidence: an error, a text, a file. */
function createPlainView({ progress, json }: Outcome, { meanings }: PageRoute): HTMLElement | undefined {
  if (progress === undefined) return undefined;
  const problem = json as ProblemDetails | undefined;
  if (progress.status >= 400 && problem?.title !== undefined)
    return createErrorView(progress.status, problem);
  const profile = readProfile(progress);
  if (isProfile(profile)) return createFlameGraph(profile);
  if (json !== undefined) return createResultView(json, meanings);
  if (progress.bytes === 0) return h('p.muted', 'Headers only, no body.');
  return progress.text === '' ? undefined : textBlock(progress.text);
}

/** The content of a file that is named as a CPU profile; it has no media type of its own. */
function readProfile({ headers, parts }: Progress): unknown {
  if (parts === undefined || !/\.cpuprofile"?$/.test(headers.get('content-disposition') ?? ''))
    return undefined;
  const decoder = new TextDecoder();
  const text = parts.map((part) => decoder.decode(part, { stream: true })).join('');
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** The members of problem details (RFC 9457) that are for people. */
interface ProblemDetails {
  readonly title?: string;
  readonly detail?: string;
  readonly code?: string;
  readonly errors?: readonly { readonly in: string; readonly name: string; readonly message: string }[];
}

function createErrorView(status: number, { title, code, detail, errors }: ProblemDetails): HTMLElement {
  const items = errors?.map(({ in: part, name, message }) =>
    h('li', h('code', name === '' ? part : name), ` ${message}`),
  );
  return h(
    'div.error',
    h('p', h('strong', `${status} ${title ?? ''}`), code === undefined ? '' : ` (${code})`),
    items === undefined ? detail !== undefined && h('p', detail) : h('ul.input-errors', ...items),
  );
}
