/** One request of a load. */
export interface Sample {
  /** When it was due, since the start. */
  readonly atMs: number;
  /** Since it was due. */
  readonly tookMs: number;
  /** How much of that it waited in the page, for one of its connections. */
  readonly waitedMs: number;
  readonly outcome: 'answered' | 'shed' | 'failed';
  /** The worker that responded, if it said so. */
  readonly worker?: number | undefined;
}

/** A moment to remember. */
export interface Mark {
  readonly atMs: number;
  readonly label: string;
}
