import type { Demo } from '../kit/demo.ts';
import { aftermathRoute } from './aftermath.ts';
import { blockRoute } from './block.ts';
import { callbackRoute } from './callback.ts';
import { emitterRoute } from './emitter.ts';
import { exitRoute } from './exit.ts';
import { hiddenRoute } from './hidden.ts';
import { killRoute } from './kill.ts';
import { leakRoute } from './leak.ts';
import { notFoundRoute } from './not-found.ts';
import { rejectRoute } from './reject.ts';
import { streamRoute } from './stream.ts';
import { teapotRoute } from './teapot.ts';
import { throwRoute } from './throw.ts';
import { uncaughtExceptionRoute } from './uncaught-exception.ts';
import { unhandledRejectionRoute } from './unhandled-rejection.ts';
import { validationRoute } from './validation.ts';

export const failures = {
  id: 'failures',
  title: 'Error handling',
  summary:
    'Produces errors of every origin: one handler responds to those of a request, the others end the worker.',
  teaches:
    'An operational error is expected: its response says what the caller can do. A programming error is hidden from the ' +
    'caller and logged in full. After an uncaught error the state of the process is unknown. Here the worker then drains ' +
    'for a bounded time, exits and is replaced; exiting at once is the stricter alternative.',
  lookFor:
    'In `aftermath`, `inFlight` counts what each ending costs. The `requestId` of a response finds its log entry. After a dangerous route, see `/workers` on the management port.',
  terms: [
    'operational error',
    'programmer error',
    'uncaughtException',
    'unhandledRejection',
    'graceful shutdown',
    'error cause',
    'problem details',
    'memory leak',
  ],
  readMore: [
    {
      title: 'Error propagation and interception',
      url: 'https://nodejs.org/api/errors.html#error-propagation-and-interception',
    },
    {
      title: "Using 'uncaughtException' correctly",
      url: 'https://nodejs.org/api/process.html#warning-using-uncaughtexception-correctly',
    },
    { title: 'process.exit', url: 'https://nodejs.org/api/process.html#processexitcode' },
    { title: 'RFC 9457: Problem details', url: 'https://www.rfc-editor.org/rfc/rfc9457' },
  ],
  practices: ['2.1', '2.2', '2.3', '2.4', '2.6', '2.10', '2.11', '2.13', '6.20'],
  routes: [
    throwRoute,
    rejectRoute,
    callbackRoute,
    emitterRoute,
    streamRoute,
    validationRoute,
    notFoundRoute,
    teapotRoute,
    hiddenRoute,
    aftermathRoute,
    uncaughtExceptionRoute,
    unhandledRejectionRoute,
    blockRoute,
    exitRoute,
    leakRoute,
    killRoute,
  ],
} satisfies Demo;
