/** What becomes of a worker after what the dangerous demos do to it. */
import type { FeatureDependencies } from '../../http/feature.ts';
import { ms } from '../evidence/words.ts';

type Dependencies = Pick<FeatureDependencies, 'clustered' | 'config'>;

/** How it goes on after what is done here. */
export interface Course {
  readonly course: string;
  /** Whether the process ends by it. */
  readonly ends: boolean;
  /** Where it is seen, with a primary and without one. */
  readonly seenIn: { readonly cluster: readonly string[]; readonly alone: readonly string[] };
}

export const signals = ['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGHUP', 'SIGABRT', 'SIGSEGV', 'SIGSTOP'] as const;

/** What each of them does to a process of this service. */
export const courses: Readonly<
  Record<(typeof signals)[number], (name: string, dependencies: Dependencies) => Course>
> = {
  SIGKILL: (name) => isCut(`signal ${name}`),
  SIGTERM: drainsInPeace,
  SIGINT: drainsInPeace,
  SIGHUP: () => ({
    course: 'it goes on as before, for only a primary reloads',
    ends: false,
    seenIn: { cluster: [], alone: [] },
  }),
  SIGABRT: (name) => isCut(`signal ${name}`),
  SIGSEGV: (name) => isCut(`signal ${name}`),
  SIGSTOP: (_name, dependencies) =>
    fallsSilent(Infinity, 'it stands still, with all its requests, until it is sent SIGCONT', dependencies),
};

/** After an error that nobody handled. */
export function drains(reason: string, exitCode: number): Course {
  return {
    course: `it finishes the requests that it has and ends with exit code ${exitCode}`,
    ends: true,
    seenIn: {
      cluster: [
        `the log, for event «stopping» with reason ${reason}, and event «crashed» with code ${exitCode}`,
      ],
      alone: [`the log, for event «stopping» with reason ${reason} and exitCode ${exitCode}`],
    },
  };
}

/** As a stop that was asked for. */
function drainsInPeace(name: string): Course {
  return {
    ...drains(name, 0),
    seenIn: {
      cluster: ['the log, for events «recycling», «stopping» and «ended» with code 0'],
      alone: [`the log, for event «stopping» with reason ${name}`],
    },
  };
}

/** The process has no time to say anything: only its parent, which waits for it, knows of its end. */
export function isCut(cause: string): Course {
  return {
    course: 'nothing is drained, and its other requests are cut',
    ends: true,
    seenIn: {
      cluster: [`the log, for event «crashed» with ${cause}`],
      alone: [`whoever started this process, and is told ${cause}; the log has no line of it`],
    },
  };
}

/** That an event loop stands still only the primary finds out. */
export function fallsSilent(forMs: number, otherwise: string, { clustered, config }: Dependencies): Course {
  const { HEARTBEAT_TIMEOUT_MS: timeoutMs } = config;
  if (!clustered || forMs <= timeoutMs) {
    return { course: otherwise, ends: false, seenIn: { cluster: [], alone: [] } };
  }
  return {
    course: `after ${ms(timeoutMs)} without a heartbeat (HEARTBEAT_TIMEOUT_MS) the primary kills it, and its requests are cut`,
    ends: true,
    seenIn: { cluster: ['the log, for events «unresponsive» and «crashed» with signal SIGKILL'], alone: [] },
  };
}

/** The other ways in which a worker can end, as contrasts. */
export const otherEnds = (name: string) =>
  ['uncaught-exception', 'unhandled-rejection', 'exit', 'kill', 'block']
    .filter((other) => other !== name)
    .map((other) => `failures/${other}`);
