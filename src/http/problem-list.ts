import type { RequestHandler } from 'express';
import { catalogue } from './problem.ts';

/** Every problem this service answers with; the `type` of a problem points here. */
export function createProblemList(): RequestHandler {
  const problems = Object.entries(catalogue).map(([code, { status, title }]) => ({
    type: `/problems#${code}`,
    code,
    status,
    title,
  }));
  return function problemList(_req, res) {
    res.json({ problems });
  };
}
