/** What the demo and its server say to each other. */

export const ways = ['wait', 'block', 'threads'] as const;
export type Way = (typeof ways)[number];

export interface WaitingListening {
  readonly port: number;
}

export interface WaitingReport {
  /** The most requests that waited at one time. */
  readonly maxAtOnce: number;
  /** CPU time of the process since the start. */
  readonly cpuMs: number;
  /** Null if the system does not list the threads of a process. */
  readonly threads: number | null;
  readonly rssGrewBytes: number;
}
