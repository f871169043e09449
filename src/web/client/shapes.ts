/** What the server tells the page. Plain types alone: both sides import them. */

/** The parts of JSON Schema that forms are made of. */
export interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
}

export interface PageExample {
  readonly title: string;
  readonly params?: Readonly<Record<string, string | number>>;
  readonly query?: Readonly<Record<string, string | number | boolean>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly stdin?: string;
  readonly method?: string;
  readonly status?: number;
}

export interface PageRoute {
  readonly method: string;
  /** As it is declared: `/demos/http/status/:code`. */
  readonly path: string;
  readonly summary: string;
  readonly teaches?: string;
  readonly danger: boolean;
  /** Paths of the routes that do the same otherwise. */
  readonly contrasts: readonly string[];
  /** Its own answer, where that is not JSON. */
  readonly media?: { readonly mediaType: string; readonly description: string };
  /** Whether it can answer with measured evidence as JSON. */
  readonly evidence: boolean;
  /** What the figures of its evidence mean, by their name. */
  readonly meanings: Readonly<Record<string, string>>;
  readonly params?: JsonSchema;
  readonly query?: JsonSchema;
  /** Request headers that it reads, by their names in lower case. */
  readonly headers?: JsonSchema;
  readonly body?: JsonSchema;
  readonly stream?: { readonly mediaType: string; readonly description: string };
  readonly examples: readonly PageExample[];
}

export interface PageFeature {
  readonly id: string;
  /** A demo teaches; what does not is an API of the service itself. */
  readonly kind: 'demo' | 'api';
  readonly title: string;
  readonly summary: string;
  readonly description?: string;
  readonly practices: readonly string[];
  readonly routes: readonly PageRoute[];
}

export interface PageManifest {
  readonly name: string;
  readonly version: string;
  readonly features: readonly PageFeature[];
}

export type WorkerState = 'starting' | 'ready' | 'draining' | 'gone';

/** One worker as the primary sees it. */
export interface WorkerCard {
  readonly id: number;
  readonly pid: number;
  readonly slot: number;
  readonly state: WorkerState;
  readonly ageS: number;
  readonly restarts: number;
  readonly silentMs: number;
  readonly report?: {
    readonly vitals: {
      readonly eventLoop: {
        readonly utilization: number;
        readonly p99DelayMs: number;
        readonly maxDelayMs: number;
      };
      readonly heapUsedBytes: number;
      readonly heapLimitBytes: number;
      readonly rssBytes: number;
    };
    readonly requests: { readonly inFlight: number; readonly total: number };
    readonly connections: number;
  };
}

export interface LiveEvent {
  readonly at: string;
  readonly event: string;
  readonly [detail: string]: unknown;
}

/** One moment of the cluster. */
export interface LiveView {
  /** By the server's clock, in milliseconds. */
  readonly at: number;
  readonly primary: { readonly pid: number; readonly uptimeS: number; readonly ready: boolean };
  readonly workers: readonly WorkerCard[];
  /** New ones since the last moment; at first, all that are kept. */
  readonly events: readonly LiveEvent[];
}

/** One bar of a timeline. */
export interface Span {
  readonly label: string;
  readonly lane: string;
  readonly startMs: number;
  readonly endMs: number;
}

/** The one shape of every JSON answer of a demo. */
export interface Evidence {
  readonly demo: string;
  readonly ranOn: {
    readonly pid: number;
    readonly worker: number;
    readonly threadId: number;
    readonly node: string;
  };
  readonly result: unknown;
  readonly timeline?: readonly Span[];
  readonly moreSpans?: number;
  readonly cost: Readonly<Record<string, unknown>>;
  readonly lesson: string;
  readonly compareWith: readonly string[];
}
