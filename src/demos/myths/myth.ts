import type { DemoCall } from '../kit/demo.ts';

export const verdicts = ['false', 'true', 'run the command'] as const;

export interface Finding {
  readonly verdict: (typeof verdicts)[number];
  /** What this run measured, as a sentence. */
  readonly measured: string;
}

type Call = Pick<DemoCall<never, never, never>, 'resources' | 'signal'>;

/** A sentence that everybody has read. */
export interface Myth {
  readonly sentence: string;
  /** The demo that tests it: `event-loop/block?ms=300`. */
  readonly demo: string;
  /** Tests it in a small way. */
  readonly test: (call: Call) => Finding | Promise<Finding>;
}

/** The verdict on a sentence that a measurement either refutes or does not. */
export function refutedIf(isRefuted: boolean, measured: string): Finding {
  return { verdict: isRefuted ? 'false' : 'true', measured };
}
