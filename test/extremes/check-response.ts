/** Checks a response to an extreme request: its status, its shape and the language of its lesson. */
import type { z } from 'zod';
import type { Answer } from '../../src/demos/kit/answer/answer.ts';
import { renderText } from '../../src/demos/kit/answer/terminal.ts';
import { unusualWords } from '../support/wording.ts';
import { brokenClaims } from './broken-claims.ts';
import type { ExtremeRequest } from './extreme-requests.ts';
import type { Received } from './send.ts';

const MAX_HEADLINE_WORDS = 12;
const WIDTH = 80;
/** What a figure looks like that could not be computed, or that is zero with a sign. */
const NO_FIGURE = /\b(?:NaN|undefined|Infinity|null)\b|\[object|(?<![\w.])-0(?:\.0+)?(?![\d.])/;
/** Demos that speak of such values. */
const namesNoFigure = new Set(['language/types']);
/** The bounds of the product of parameters, and of what one run may hold. */
const TOO_MUCH = /^invalid-input$/;

/** Statuses that depend on the parameters. */
const requestedStatus: Readonly<Record<string, (request: ExtremeRequest) => number>> = {
  'failures/teapot': ({ query }) => Number(query['status'] ?? 418),
  'http/redirect': ({ query, evidence }) => (evidence ? 200 : Number(query['status'] ?? 302)),
};

interface Setting {
  /** Whether another demo ran in the same worker, so that the budgets may reject this one. */
  readonly shared: boolean;
  /** Pool threads of the worker. */
  readonly threads: number;
}

/** @returns what is wrong */
export function faultsOf(
  request: ExtremeRequest,
  received: Received,
  { shared, threads }: Setting,
): string[] {
  const { status, body } = received;
  if (status >= 400) return statusFaults(request, received, shared);
  const wrongStatus = statusFaults(request, received, shared);
  if (!request.evidence) return wrongStatus;
  const answer = JSON.parse(body) as Answer;
  return [
    ...wrongStatus,
    ...shapeFaults(request.route.json, answer),
    ...languageFaults(request.demo, answer),
    ...brokenClaims(request, answer, threads),
  ];
}

function statusFaults(
  { demo, route, evidence, ...rest }: ExtremeRequest,
  received: Received,
  shared: boolean,
) {
  const { status, headers, body } = received;
  const request = { demo, route, evidence, ...rest };
  const asked = requestedStatus[demo]?.(request);
  const declared = [
    ...(asked === undefined ? [200, ...route.examples.map((example) => example.status ?? 200)] : [asked]),
    ...(route.problems ?? []).flatMap((problem) => (typeof problem === 'string' ? [] : [problem.status])),
  ];
  if (declared.includes(status) && status < 400) return [];
  if (status < 400) return [`status ${status} is not among ${declared.join(', ')}`];
  const { code = '', detail = '' } = JSON.parse(body) as { code?: string; detail?: string };
  if (declared.includes(status)) return [];
  if (status === 400 && TOO_MUCH.test(code) && / on this machine; | at most /.test(detail)) return [];
  if (status === 503 && shared && headers['retry-after'] !== undefined) return [];
  return [`status ${status} (${code}: ${detail}) is not among ${declared.join(', ')}`];
}

function shapeFaults(schema: z.ZodType | undefined, answer: Answer): string[] {
  const issues = schema?.safeParse(answer).error?.issues ?? [];
  return issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
}

function languageFaults(demo: string, answer: Answer): string[] {
  const { headline, text } = answer.lesson;
  const words = headline.split(/\s+/).filter(Boolean).length;
  const unusual = unusualWords(`${headline} ${text}`);
  const noFigure = namesNoFigure.has(demo) ? undefined : NO_FIGURE.exec(`${headline} ${text}`)?.[0];
  const rendered = renderText(answer);
  const truncated = /.*…(?! and \d+ more).*/.exec(rendered)?.[0];
  const wide = rendered.split('\n').filter((line) => line.length > WIDTH && !line.includes('curl '));
  return [
    ...(words > MAX_HEADLINE_WORDS ? [`the headline has ${words} words`] : []),
    ...unusual,
    ...(noFigure === undefined ? [] : [`the lesson says ${noFigure}`]),
    ...(truncated === undefined ? [] : [`a truncated label: ${truncated}`]),
    ...wide.map((line) => `a line of ${line.length} characters: ${line}`),
  ];
}
