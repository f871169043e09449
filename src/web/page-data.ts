/** What the server sends to the page. Types only: the server and the browser's modules import them. */
import type { ClusterView } from '../supervision/supervision.ts';

/** The parts of JSON Schema that the forms are made of. */
export interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
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

/** An example of the manifest, without its options for a terminal. */
export interface PageExample {
  readonly title: string;
  readonly params?: Readonly<Record<string, string | number>>;
  readonly query?: Readonly<Record<string, string | number | boolean>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly stdin?: string;
  readonly method?: string;
  readonly status?: number;
  /** The method and path of the route whose first example creates what this one requests: `POST /tasks`. */
  readonly createdBy?: string;
}

export interface PageRoute {
  readonly method: string;
  /** As declared: `/demos/http/status/:code`. */
  readonly path: string;
  /** A heading of a few words. */
  readonly title: string;
  readonly summary: string;
  readonly teaches?: string | undefined;
  readonly danger: boolean;
  /** Paths of routes that do the same in another way. */
  readonly contrasts: readonly string[];
  /** Its own response, if that is not JSON. */
  readonly media?: { readonly mediaType: string; readonly description: string } | undefined;
  /** Whether it can respond with measured evidence as JSON. */
  readonly evidence: boolean;
  /** The meaning of the figures in its JSON, by name. */
  readonly meanings: Readonly<Record<string, string>>;
  readonly params?: JsonSchema | undefined;
  readonly query?: JsonSchema | undefined;
  /** The request headers that it reads, by their lower-case names. */
  readonly headers?: JsonSchema | undefined;
  readonly body?: JsonSchema;
  readonly stream?: { readonly mediaType: string; readonly description: string };
  readonly examples: readonly PageExample[];
}

export interface PageFeature {
  readonly id: string;
  /** A demo teaches; any other feature is an API of the service. */
  readonly kind: 'demo' | 'api';
  readonly title: string;
  readonly summary: string;
  readonly description?: string | undefined;
  readonly lookFor?: string | undefined;
  /** The words to search for. */
  readonly terms: readonly string[];
  readonly readMore: readonly { readonly title: string; readonly url: string }[];
  readonly practices: readonly string[];
  readonly routes: readonly PageRoute[];
}

export interface PageManifest {
  readonly name: string;
  readonly version: string;
  readonly features: readonly PageFeature[];
}

/** The data of a `view` event of `/live`: its `events` are those since the last one; at first, all that are kept. */
export interface LiveView extends ClusterView {
  /** The server's clock, in milliseconds. */
  readonly at: number;
}
