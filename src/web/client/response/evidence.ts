/** A span of a timeline. */
export interface Span {
  readonly label: string;
  readonly lane: string;
  readonly startMs: number;
  readonly endMs: number;
}

/** The shape of every JSON response of a demo. */
export interface Evidence {
  readonly ranOn: { readonly pid: number; readonly worker: number };
  readonly result: unknown;
  readonly timeline?: readonly Span[];
  readonly moreSpans?: number;
  readonly cost: Readonly<Record<string, unknown>>;
  readonly lesson: { readonly headline: string; readonly text: string };
}

export function isEvidence(json: unknown): json is Evidence {
  const { lesson, cost, ...rest } = (json ?? {}) as Partial<Evidence>;
  return typeof lesson?.headline === 'string' && 'result' in rest && typeof cost === 'object';
}
