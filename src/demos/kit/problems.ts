/** Error responses that only demos give. */
import type { ProblemType } from '../../http/problem.ts';

export const childFailed: ProblemType = {
  code: 'child-failed',
  status: 502,
  title: 'Child process failed',
};

export const childTimedOut: ProblemType = {
  code: 'child-timed-out',
  status: 504,
  title: 'Child process timed out',
};

export const primarySilent: ProblemType = {
  code: 'primary-silent',
  status: 503,
  title: 'The primary did not respond',
};

export const outOfMemory: ProblemType = {
  code: 'out-of-memory',
  status: 507,
  title: 'Memory limit of this operation exceeded',
};
