/** What happens to a worker after each dangerous route. */
import type { FeatureDependencies } from '../../routes/feature.ts';
import { ms } from '../kit/answer/units.ts';

type Dependencies = Pick<FeatureDependencies, 'clustered' | 'config'>;

export interface Outcome {
  /** A sentence about the process, "It". */
  readonly effect: string;
  /** Replaces the usual headline of the lesson. */
  readonly headline?: string;
  /** Whether the process exits. */
  readonly exits: boolean;
  /** Where it can be observed, with a primary and without one. */
  readonly evidence: { readonly cluster: readonly string[]; readonly standalone: readonly string[] };
}

const endings = ['uncaught-exception', 'unhandled-rejection', 'exit', 'kill', 'block'];
const NO_EVIDENCE = { cluster: [], standalone: [] };

export const signals = ['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGHUP', 'SIGABRT', 'SIGSEGV', 'SIGSTOP'] as const;
type Signal = (typeof signals)[number];

/** What each signal does to a process of this service. */
export const outcomes: Readonly<Record<Signal, (signal: Signal, dependencies: Dependencies) => Outcome>> = {
  SIGKILL: endsBySignal,
  SIGTERM: drainsOnRequest,
  SIGINT: drainsOnRequest,
  SIGHUP: () => ({
    effect: 'It continues as before: only a primary reloads.',
    exits: false,
    evidence: NO_EVIDENCE,
  }),
  SIGABRT: endsBySignal,
  SIGSEGV: endsBySignal,
  SIGSTOP: suspends,
};

/** After an uncaught error: docs/decisions/drain-after-uncaught-errors.md has the risk and the alternative. */
export function drains(reason: string, exitCode: number): Outcome {
  return {
    effect: `It completes its requests in flight, for at most SHUTDOWN_TIMEOUT_MS, and exits with code ${exitCode}.`,
    exits: true,
    evidence: {
      cluster: [`log event "stopping" with reason ${reason}`, `log event "crashed" with code ${exitCode}`],
      standalone: [`log event "stopping" with reason ${reason} and exitCode ${exitCode}`],
    },
  };
}

function drainsOnRequest(signal: Signal): Outcome {
  return {
    ...drains(signal, 0),
    evidence: {
      cluster: ['log event "recycling"', 'log event "stopping"', 'log event "ended" with code 0'],
      standalone: [`log event "stopping" with reason ${signal}`],
    },
  };
}

/** The process cannot log its own end: only its parent is notified. */
export function endsAbruptly(cause: string): Outcome {
  return {
    effect: 'Nothing is drained, and its other requests are lost.',
    exits: true,
    evidence: {
      cluster: [`log event "crashed" with ${cause}`],
      standalone: [`the parent process, which is notified of ${cause}; nothing is logged`],
    },
  };
}

function endsBySignal(signal: Signal): Outcome {
  return endsAbruptly(`signal ${signal}`);
}

/** A blocked event loop cannot report itself; the watchdog thread of its process can. */
export function blocks(forMs: number, dependencies: Dependencies): Outcome {
  const { clustered, config } = dependencies;
  const reported = forMs > config.HEARTBEAT_TIMEOUT_MS ? ['log event "event-loop-blocked"'] : [];
  if (clustered && reported.length > 0) return isKilledByPrimary(dependencies, reported);
  return {
    effect: 'Its requests wait, and then it continues.',
    exits: false,
    evidence: { cluster: reported, standalone: reported },
  };
}

/** The watchdog thread is suspended too. */
function suspends(_signal: Signal, dependencies: Dependencies): Outcome {
  if (dependencies.clustered) return isKilledByPrimary(dependencies);
  return {
    effect: 'It is suspended with all its requests until it receives SIGCONT.',
    exits: false,
    evidence: NO_EVIDENCE,
  };
}

/** A promise only of what the primary does: on a busy machine a worker may wait for a CPU most of the time. */
function isKilledByPrimary({ config }: Dependencies, reported: readonly string[] = []): Outcome {
  const timeout = ms(config.HEARTBEAT_TIMEOUT_MS);
  return {
    effect:
      `After ${timeout} (HEARTBEAT_TIMEOUT_MS) without a heartbeat, not counting waits for a CPU, the primary kills it, ` +
      'and its requests are lost.',
    headline: `The primary kills a worker after ${timeout} without a heartbeat`,
    exits: true,
    evidence: {
      cluster: [...reported, 'log event "unresponsive"', 'log event "crashed" with signal SIGKILL'],
      standalone: [],
    },
  };
}

/** The same endings in a child, where they are measured. */
const measured: Readonly<Record<string, string>> = {
  'uncaught-exception': 'uncaught',
  'unhandled-rejection': 'unhandled',
  exit: 'exit',
  kill: 'sigkill',
  block: 'block',
};

/** The ids of the routes that measure this ending, and that end a worker in another way. */
export function otherEndings(ending: string): string[] {
  const measure = measured[ending];
  return [
    ...(measure === undefined ? [] : [`failures/aftermath?end=${measure}`]),
    ...endings.filter((other) => other !== ending).map((other) => `failures/${other}`),
  ];
}
