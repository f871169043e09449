import type { RequestHandler } from 'express';
import { catalog, problemType, type ProblemCode } from '../http/problem.ts';
import type { Feature } from '../routes/feature.ts';

/** `GET /problems`: every error code of the service and its features; the `type` of an error response links here. */
export function createProblemList(features: readonly Feature[]): RequestHandler {
  const declared = features.flatMap(({ problems = [], routes }) => [
    ...problems,
    ...routes.flatMap((route) => route.problems ?? []),
  ]);
  const all = [...(Object.keys(catalog) as ProblemCode[]), ...declared].map(problemType);
  const problems = [...new Map(all.map((problem) => [problem.code, problem])).values()].map(
    ({ code, status, title }) => ({ type: `/problems#${code}`, code, status, title }),
  );
  return function problemList(_req, res) {
    res.json({ problems });
  };
}
