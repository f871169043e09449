import type { Sandbox } from './sandbox.ts';

export interface Finding {
  /** The counted figures, on one line. */
  readonly figure: string;
  /** Whether each expectation was met; the names of those that were not are printed. */
  readonly checks: Readonly<Record<string, boolean>>;
}

export interface Fault {
  /** Selects it on the command line. */
  readonly name: string;
  /** What is injected and what must hold, for the table and docs/faults.md. */
  readonly expects: string;
  /** Whether it compares speeds: then no other fault runs at the same time. */
  readonly alone?: true;
  run(sandbox: Sandbox): Promise<Finding>;
}

export interface Row extends Finding {
  /** Position in the list of faults, from 1. */
  readonly number: number;
  readonly name: string;
  readonly expects: string;
  readonly passed: boolean;
  readonly seconds: number;
}
