import process from 'node:process';

interface SignalActions {
  readonly stop: (signal: string) => void;
  /** Ends everything at once. */
  readonly kill: () => void;
  readonly reload?: () => void;
}

/** SIGTERM and SIGINT stop; a second one changes nothing, a third kills. SIGHUP reloads. */
export function handleSignals({ stop, kill, reload }: SignalActions): void {
  let asked = 0;
  const ask = (signal: string) => {
    asked += 1;
    // Ctrl-C in a terminal reaches the whole process group, and npm passes it on: one stop may be heard twice.
    if (asked === 1) stop(signal);
    if (asked === 3) kill();
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => ask(signal));
  process.on('SIGHUP', () => reload?.());
}

/**
 * Keeps a process that is starting from being ended by SIGHUP, as it is by default: a reload that is asked for so early
 * would change nothing, for what it would read is being read.
 */
export function outliveHangUp(): void {
  process.on('SIGHUP', () => undefined);
}
