import { STATUS_CODES } from 'node:http';
import type { RequestHandler } from 'express';
import { catalog, Problem, problemType, type ProblemCode } from '../http/problem.ts';
import type { Feature } from '../routes/feature.ts';

/** `GET /problems`: every error code of the service and its features; the `type` of an error response links here. */
export function createProblemList(features: readonly Feature[]): RequestHandler {
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
  const problems = [...new Map(all.map((problem) => [problem.code, problem])).values()].map(
    ({ code, status, title }) => ({ type: `/problems#${code}`, code, status, title }),
  );
  return function problemList(_req, res) {
    res.json({ problems });
  };
}
