import process from 'node:process';

interface SignalActions {
  readonly stop: (signal: string) => void;
  /** Ends everything at once. */
  readonly kill: () => void;
  readonly reload?: () => void;
}

/** SIGTERM and SIGINT stop; a second one changes nothing, a third kills. SIGHUP reloads, where there is something to reload. */
export function handleSignals({ stop, kill, reload }: SignalActions): void {
  let asked = 0;
  const ask = (signal: string) => {
    asked += 1;
    // Ctrl-C in a terminal reaches the whole process group, and npm passes it on: one stop may be heard twice.
    if (asked === 1) stop(signal);
    if (asked === 3) kill();
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => ask(signal));
  if (reload !== undefined) process.on('SIGHUP', reload);
}

/**
 * Keeps a process from being ended by SIGHUP, as it is by default. A reload that is asked for while the primary starts
 * would change nothing, for what it would read is being read; and a worker leaves it to its primary.
 */
export function outliveHangUp(): void {
  process.on('SIGHUP', () => undefined);
}
