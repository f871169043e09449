import type { Lab } from './lab.ts';

/** What a fault run found. */
export interface Finding {
  /** The counted figures, in a few words. */
  readonly figure: string;
  /** What had to hold, each by a few words that are shown where it does not. */
  readonly checks: Readonly<Record<string, boolean>>;
}

/** One fault: what is injected, what is expected, and how it is counted. */
export interface Fault {
  /** By which it is chosen on the command line. */
  readonly name: string;
  readonly expects: string;
  run(lab: Lab): Promise<Finding>;
}

export interface Row extends Finding {
  /** Its place in the list of faults, from 1. */
  readonly number: number;
  readonly name: string;
  readonly expects: string;
  readonly passed: boolean;
  readonly seconds: number;
}
