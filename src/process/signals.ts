/** Every signal handler of the service: one function for each role. */
import process from 'node:process';

const shutdownSignals = ['SIGTERM', 'SIGINT'] as const;

interface SignalActions {
  readonly stop: (signal: string) => void;
  /** Ends everything at once. */
  readonly kill: () => void;
  readonly reload?: () => void;
}

/**
 * The primary, or the only process: the first SIGTERM or SIGINT shuts down, the second does nothing, the third kills.
 * SIGHUP reloads.
 */
export function handleSignals({ stop, kill, reload }: SignalActions): void {
  let received = 0;
  const onSignal = (signal: string) => {
    received += 1;
    // Ctrl-C signals the whole process group, and npm forwards it: one request may arrive twice.
    if (received === 1) stop(signal);
    if (received === 3) kill();
  };
  for (const signal of shutdownSignals) process.on(signal, () => onSignal(signal));
  if (reload !== undefined) process.on('SIGHUP', reload);
}

/**
 * A worker: forwards SIGTERM and SIGINT. Only the primary can tell whether a signal was sent to one worker or to the
 * whole process group.
 */
export function forwardSignals(forward: (signal: string) => void): void {
  for (const signal of shutdownSignals) process.on(signal, () => forward(signal));
}

/**
 * Every process, before anything else is loaded: SIGHUP must not end it, as it does by default. During startup there is
 * nothing to reload yet, and a worker leaves reloads to its primary.
 */
export function ignoreHangUp(): void {
  process.on('SIGHUP', () => undefined);
}
