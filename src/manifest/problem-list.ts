import { STATUS_CODES } from 'node:http';
import type { RequestHandler } from 'express';
import { preferredType } from '../http/negotiation.ts';
import { catalog, Problem, problemType, type ProblemCode, type ProblemType } from '../http/problem.ts';
import type { Feature } from '../routes/feature.ts';
import type { PlainRoute } from '../routes/route.ts';

/** An error code, and the URL that is the `type` of its responses. */
export interface ListedProblem extends ProblemType {
  readonly type: string;
}

/**
 * `GET /problems`: every error code of the service and its features; the `type` of an error response links here.
 *
 * @param page what a browser gets instead, if there is a page
 */
export function createProblemList(
  features: readonly Feature[],
  page?: PlainRoute['handler'],
): RequestHandler {
  const problems = listProblems(features);
  return async function problemList(req, res) {
    res.vary('Accept');
    if (page !== undefined && preferredType(req, ['json', 'html']) === 'html') await page(req, res);
    else res.json({ problems });
  };
}

export function listProblems(features: readonly Feature[]): ListedProblem[] {
  const declared = features.flatMap(({ problems = [], routes }) => [
    ...problems,
    ...routes.flatMap((route) => route.problems ?? []),
  ]);
  const listed = [...(Object.keys(catalog) as ProblemCode[]), ...declared].map(problemType);
  // Those of a bare status, which a package may throw; 499 and 599 are unknown, and stand for all that are.
  const ofStatus = [...Object.keys(STATUS_CODES).map(Number), 499, 599]
    .filter((status) => status >= 400)
    .map((status) => Problem.ofStatus(status));
  const all = [...listed, ...ofStatus];
  return [...new Map(all.map((problem) => [problem.code, problem])).values()].map(
    ({ code, status, title }) => ({ type: `/problems#${code}`, code, status, title }),
  );
}
