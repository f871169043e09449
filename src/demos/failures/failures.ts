import type { Demo } from '../demo.ts';
import { answerRoutes } from './answers.ts';
import { dangerRoutes } from './dangers.ts';
import { originRoutes } from './origins.ts';

export const failures = {
  id: 'failures',
  title: 'Where errors go',
  summary: 'Errors of every origin, and the one place where each becomes an answer and a log line.',
  teaches:
    'An operational error is part of the service and becomes a problem answer that says what a caller can do. A ' +
    'programming error is hidden from callers and logged whole. An error outside any request leaves the process in an ' +
    'unknown state: it finishes what it has, ends and is replaced.',
  lookFor:
    'The requestId of the answer finds the log line. After the dangerous ones, see /workers on the management port.',
  practices: ['2.1', '2.2', '2.3', '2.4', '2.6', '2.10', '2.11', '2.13', '6.20'],
  routes: [...originRoutes, ...answerRoutes, ...dangerRoutes],
} satisfies Demo;
