/** Why a process ended: below 64 as shells use them, from 64 as in sysexits.h, from 80 this service's own. */
export const exitCodes = {
  ok: { code: 0, meaning: 'Requested shutdown.' },
  killed: { code: 1, meaning: 'A third SIGTERM or SIGINT ended the service at once.' },
  badUsage: { code: 64, meaning: 'EX_USAGE: bad command line of one of the tools.' },
  unavailable: {
    code: 69,
    meaning:
      'EX_UNAVAILABLE: the listen address is in use or not permitted, or the database is not available.',
  },
  startFailed: {
    code: 70,
    meaning: 'EX_SOFTWARE: a worker could not start: a module threw, or it was not ready in time.',
  },
  badConfig: {
    code: 78,
    meaning: 'EX_CONFIG: invalid configuration; every invalid variable is named.',
  },
  uncaughtException: { code: 80, meaning: 'The service or a worker exited after an uncaught exception.' },
  unhandledRejection: { code: 81, meaning: 'The service or a worker exited after an unhandled rejection.' },
  primaryGone: { code: 82, meaning: 'Worker exited because its primary was gone.' },
  crashLoop: { code: 83, meaning: 'The primary gave up: workers kept crashing.' },
} as const satisfies Record<string, { readonly code: number; readonly meaning: string }>;
