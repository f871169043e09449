/** Requests of a route at the bounds of its parameters, from the schemas that it declares. */
import { DEFAULT_ORIGIN, exampleCurl, exampleMethod, exampleTarget } from '../../src/manifest/curl.ts';
import { toJsonSchema } from '../../src/manifest/json-schema.ts';
import type { Feature } from '../../src/routes/feature.ts';
import { isMediaResponse, isStreamedBody, type Example, type Route } from '../../src/routes/route.ts';
import { coveringCombinations, everyCombination, type Choices } from './combinations.ts';

export interface ExtremeRequest {
  /** `thread-pool/starve`, as in the responses. */
  readonly demo: string;
  readonly route: Route;
  readonly method: string;
  readonly target: string;
  readonly query: Readonly<Record<string, string | number | boolean>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array | undefined;
  /** Whether a success is the evidence of a demo, and not a file or a stream. */
  readonly evidence: boolean;
  /** Its curl command, for reports. */
  readonly command: string;
}

/** The sizes of streamed bodies. Some routes take gigabytes, which would measure only this client. */
const BODY_BYTES = [0, 1, 8_000_000];

/** Combinations beyond this are left out even from a full run. */
const MAX_COMBINATIONS = 32;

interface JsonProperty {
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
}

/** @param full with all pairs of extremes, instead of each extreme at least once */
export function extremeRequests(feature: Feature, route: Route, full: boolean): ExtremeRequest[] {
  const choices = choicesOf(route);
  const all = everyCombination(choices);
  const covering = full && all.length <= MAX_COMBINATIONS ? all : coveringCombinations(choices, full ? 2 : 1);
  const base = baseExamples(route);
  const isRaw = isMediaResponse(route.response);
  const evidenceOf = (query: ExtremeRequest['query']) =>
    route.json !== undefined && (!isRaw || query['as'] === 'json');
  const requestOf = (example: Example, extra: ExtremeRequest['query']): ExtremeRequest[] => {
    const merged = { ...example, query: { ...withoutFormat(example.query), ...extra } };
    const shared = {
      demo: `${feature.id}${route.path}`,
      route,
      method: exampleMethod(route, merged),
      target: exampleTarget(feature, route, merged),
      query: merged.query,
      evidence: evidenceOf(merged.query),
      command: exampleCurl(feature, route, merged, DEFAULT_ORIGIN),
    };
    return bodiesOf(route, example).map(({ headers, body }) => ({
      ...shared,
      // Evidence is read as text.
      headers: {
        ...example.headers,
        ...headers,
        ...(shared.evidence ? { 'Accept-Encoding': 'identity', Accept: '*/*' } : {}),
      },
      body,
    }));
  };
  const formats = isRaw && route.json !== undefined ? [{ as: 'json' }, {}] : [{}];
  const requests = base.flatMap((example) =>
    covering.flatMap((values) => formats.flatMap((format) => requestOf(example, { ...values, ...format }))),
  );
  return requests.filter(({ target, method, body }, index) => {
    const same = (other: ExtremeRequest) =>
      other.target === target && other.method === method && other.body === body;
    return requests.findIndex(same) === index;
  });
}

/** Numbers at their bounds and every word of an enumeration. Parameters without bounds keep the value of an example. */
function choicesOf({ query }: Route): Choices {
  if (query === undefined) return {};
  const { properties = {} } = toJsonSchema(query, 'input') as {
    readonly properties?: Readonly<Record<string, JsonProperty>>;
  };
  const choices: Record<string, readonly (string | number)[]> = {};
  for (const [name, { enum: words, minimum, maximum }] of Object.entries(properties)) {
    if (name === 'as') continue;
    if (words !== undefined) choices[name] = words;
    else if (minimum !== undefined && maximum !== undefined) choices[name] = [minimum, maximum];
  }
  return choices;
}

/**
 * The examples that the extremes are added to: one for each combination of parameters without bounds, such as those in the
 * path, and for each body.
 */
function baseExamples(route: Route): Example[] {
  const bounded = Object.keys(choicesOf(route));
  const keyOf = ({ params, query, body }: Example) =>
    JSON.stringify([
      params,
      body,
      Object.entries(query ?? {}).filter(([name]) => name !== 'as' && !bounded.includes(name)),
    ]);
  // Not those of wrong input, unless the route has no others: a status that it is asked for, for example.
  const right = route.examples.filter(({ status = 200 }) => status < 400);
  const byKey = Map.groupBy(right.length > 0 ? right : route.examples, keyOf);
  return [...byKey.values()].flatMap(([first]) => (first === undefined ? [] : [first]));
}

function withoutFormat(query: Example['query'] = {}): ExtremeRequest['query'] {
  return Object.fromEntries(Object.entries(query).filter(([name]) => name !== 'as'));
}

function bodiesOf({ body }: Route, example: Example) {
  if (body === undefined || (example.method ?? 'POST') === 'GET') return [{ headers: {}, body: undefined }];
  if (isStreamedBody(body)) {
    const headers = {
      'Content-Type': body.mediaType === '*/*' ? 'application/octet-stream' : body.mediaType,
    };
    return BODY_BYTES.filter((bytes) => bytes <= body.maxBytes).map((bytes) => ({
      headers,
      body: new Uint8Array(bytes),
    }));
  }
  if (example.body === undefined) return [{ headers: {}, body: undefined }];
  return [{ headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(example.body) }];
}
