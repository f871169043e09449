/**
 * The variables of the service itself, each declared once with its meaning, bounds and default. `.env.example` and the
 * documentation are rendered from these declarations.
 */
import { BlockList, isIP } from 'node:net';
import { z } from 'zod';
import { availableCpus } from '../process/available-cpus.ts';
import {
  choice,
  commaSeparated,
  integer,
  text,
  webUrl,
  wholeNumber,
  type Values,
  type Variable,
  type Variables,
} from './declare.ts';

function port(doc: string, usual: number): Variable<number> {
  return integer({ doc, default: usual, min: 0, max: 65_535 });
}

function host(doc: string): Variable<string> {
  return {
    doc,
    expects: 'an IP address or a host name',
    default: '127.0.0.1',
    schema: z
      .string()
      .refine((text) => isIP(text) !== 0 || /^(?=.{1,253}$)[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(text)),
  };
}

/** Networks that Express knows by name: https://expressjs.com/en/guide/behind-proxies.html */
const namedNetworks = new Set(['loopback', 'linklocal', 'uniquelocal']);

function isNetwork(text: string): boolean {
  if (namedNetworks.has(text)) return true;
  const [address = '', prefix, ...rest] = text.split('/');
  const version = isIP(address);
  if (version === 0 || rest.length > 0) return false;
  if (prefix === undefined) return true;
  const bits = Number(prefix);
  if (!/^\d{1,3}$/.test(prefix) || bits > (version === 4 ? 32 : 128)) return false;
  if (version === 4) return bits > 0;
  // A network of all addresses would trust everyone, and so would an IPv6 network that covers all of IPv4.
  return bits > 96 || (bits > 0 && !hasAddress(address, bits, '::ffff:0:0'));
}

function hasAddress(network: string, prefix: number, address: string): boolean {
  const list = new BlockList();
  list.addSubnet(network, prefix, 'ipv6');
  return list.check(address, 'ipv6');
}

const networks: Variable<readonly string[]> = {
  doc: 'Comma-separated proxy networks whose X-Forwarded-* headers are trusted. Empty: none.',
  expects: 'addresses, networks such as 10.0.0.0/8, or loopback, linklocal, uniquelocal, separated by commas',
  default: '',
  schema: commaSeparated.refine((parts) => parts.every(isNetwork)),
};

/**
 * An origin exactly as browsers send it: no path, no default port, a name in lower case. `null` is not one, nor is a
 * pattern, which would match nothing.
 */
function isWebOrigin(text: string): boolean {
  const url = URL.parse(text);
  return (
    url !== null && ['http:', 'https:'].includes(url.protocol) && url.origin === text && !text.includes('*')
  );
}

const origins: Variable<readonly string[]> = {
  doc: 'Comma-separated origins whose pages may call this service from a browser, with cookies. *: pages of any origin, without cookies. Empty: none.',
  expects:
    'origins exactly as browsers send them, such as https://app.example.com, separated by commas; or * alone',
  default: '',
  schema: commaSeparated.refine(
    (parts) => parts.every(isWebOrigin) || (parts.length === 1 && parts[0] === '*'),
  ),
};

const redisUrl: Variable<string> = {
  doc: 'Redis in which all machines count the requests per client. Empty: each machine counts for itself.',
  expects: 'empty, or a URL such as redis://user:password@host:6379, rediss:// with TLS',
  default: '',
  secret: true,
  schema: z
    .string()
    .refine((text) => text === '' || ['redis:', 'rediss:'].includes(URL.parse(text)?.protocol ?? '')),
};

/** `auto` becomes a number here, so that no other code has to interpret it. */
const workers: Variable<number> = {
  doc: 'Number of workers: auto = one per available CPU, 0 = a single process without a cluster.',
  expects: 'auto or a whole number from 0 to 128',
  default: 'auto',
  schema: z.union([
    z.literal('auto').transform(() => availableCpus()),
    wholeNumber.pipe(z.number().min(0).max(128)),
  ]),
};

const maxRss: Variable<number | 'auto'> = {
  doc: "Recycle a worker whose resident memory stays above this size (MB). auto: its part of the container's limit. 0: never.",
  expects: 'auto or a whole number from 0 to 1000000',
  default: 'auto',
  schema: z.union([z.literal('auto'), wholeNumber.pipe(z.number().min(0).max(1_000_000))]),
};

const server = {
  NODE_ENV: choice(['development', 'test', 'production'], {
    doc: 'The environment; production has stricter defaults.',
    default: 'development',
  }),
  HOST: host('Address of the app.'),
  PORT: port('Port of the app. 0: any free port.', 3000),
  TLS_CERT_FILE: text({
    doc: 'Certificate of the app, and its chain (PEM): the app then serves HTTPS. A reload reads it again. Empty: HTTP.',
    default: '',
  }),
  TLS_KEY_FILE: text({ doc: 'Private key of that certificate (PEM).', default: '' }),
  TLS_CLIENT_CA_FILE: text({
    doc: 'Authorities (PEM) of which each client must have a certificate (mutual TLS). Empty: clients need none.',
    default: '',
  }),
  MANAGEMENT_HOST: host('Address of the management port. Keep it private.'),
  MANAGEMENT_PORT: port('Port of probes, metrics and reloads. 0: any free port.', 3001),
  MANAGEMENT_TOKEN: text({
    doc: 'Token that callers of the management port must send, except to probes. Empty: other machines get probes and metrics only.',
    expects: 'at least 16 visible ASCII characters',
    pattern: /^[\x21-\x7e]{16,}$/,
    default: '',
    secret: true,
  }),
  TRUST_PROXY: networks,
  CORS_ORIGINS: origins,
} satisfies Variables;

const logging = {
  LOG_LEVEL: choice(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], {
    doc: 'The least severe level that is logged.',
    default: 'info',
  }),
  LOG_FORMAT: choice(['auto', 'json', 'pretty'], {
    doc: 'json: one object per line. pretty: for people. auto: pretty on a terminal in development.',
    default: 'auto',
    productionDefault: 'json',
  }),
  LOG_MAX_WAITING_BYTES: integer({
    doc: 'Log buffer per process (bytes) while the log reader is stalled. Beyond it, lines are dropped and counted.',
    default: 8_388_608,
    min: 16_384,
    max: 1_000_000_000,
  }),
} satisfies Variables;

const limits = {
  RATE_LIMIT_MAX: integer({
    doc: 'Requests per client and window.',
    default: 10_000_000,
    productionDefault: 600,
    min: 1,
    max: 1_000_000_000,
  }),
  RATE_LIMIT_WINDOW_MS: integer({
    doc: 'Length of the rate-limit window (ms).',
    default: 60_000,
    min: 100,
    max: 86_400_000,
  }),
  REDIS_URL: redisUrl,
  REDIS_TIMEOUT_MS: integer({
    doc: 'Time a Redis command may take (ms). When Redis is away, each machine counts for itself.',
    default: 200,
    min: 10,
    max: 10_000,
  }),
  BODY_LIMIT_BYTES: integer({
    doc: 'Maximum size of a JSON body (bytes).',
    default: 100_000,
    min: 1,
    max: 100_000_000,
  }),
  URL_LIMIT_BYTES: integer({
    doc: 'Maximum length of a request target (bytes).',
    default: 4_096,
    min: 64,
    max: 16_000,
  }),
  MAX_REQUESTS_IN_FLIGHT: integer({
    doc: 'Maximum number of concurrent requests per worker; more are rejected with 503.',
    default: 5_000,
    min: 1,
    max: 1_000_000,
  }),
  MAX_CONNECTIONS: integer({
    doc: 'Maximum number of open connections per worker; more are refused.',
    default: 10_000,
    min: 1,
    max: 1_000_000,
  }),
  MAX_REQUESTS_PER_SOCKET: integer({
    doc: 'Requests per connection before it is closed. 0: unlimited.',
    default: 10_000,
    min: 0,
    max: 100_000_000,
  }),
  OVERLOAD_MAX_DELAY_MS: integer({
    doc: 'Maximum queueing delay (ms) before new requests are rejected with 503. 0 disables load shedding.',
    default: 500,
    min: 0,
    max: 60_000,
  }),
  OVERLOAD_MAX_UTILIZATION_PERCENT: integer({
    doc: 'Event-loop utilization (%) above which a worker is saturated and requests are queued.',
    default: 98,
    min: 1,
    max: 100,
  }),
} satisfies Variables;

const timeouts = {
  KEEP_ALIVE_TIMEOUT_MS: integer({
    doc: 'Idle time of a kept-alive connection (ms). Must exceed that of a load balancer in front (often 60 s).',
    default: 65_000,
    min: 1,
    max: 600_000,
  }),
  HEADERS_TIMEOUT_MS: integer({
    doc: 'Time a client has to send the headers of a request (ms).',
    default: 15_000,
    min: 100,
    max: 600_000,
  }),
  REQUEST_TIMEOUT_MS: integer({
    doc: 'Time a client has to send a whole request (ms); also bounds uploads.',
    default: 300_000,
    min: 100,
    max: 3_600_000,
  }),
  HANDLER_TIMEOUT_MS: integer({
    doc: 'Time a handler has to begin its response (ms); then the response is 504, and its work is aborted. Not for streams. 0: unlimited.',
    default: 60_000,
    min: 0,
    max: 3_600_000,
  }),
  SLOW_READER_TIMEOUT_MS: integer({
    doc: 'A client that reads less than 16 KB of a pending response in this time (ms) is disconnected.',
    default: 30_000,
    min: 1_000,
    max: 3_600_000,
  }),
} satisfies Variables;

const supervision = {
  WORKERS: workers,
  THREAD_POOL_SIZE: integer({
    doc: "Threads of libuv's pool in each worker (UV_THREADPOOL_SIZE).",
    default: 4,
    min: 1,
    max: 1024,
  }),
  WORKER_START_TIMEOUT_MS: integer({
    doc: 'Time a new worker has to become ready (ms).',
    default: 30_000,
    min: 500,
    max: 600_000,
  }),
  HEARTBEAT_TIMEOUT_MS: integer({
    doc: 'A worker whose event loop is blocked for longer (ms) is killed and replaced.',
    default: 10_000,
    min: 500,
    max: 600_000,
  }),
  WORKER_MAX_HEAP_MB: integer({
    doc: "Recycle a worker whose heap stays above this size (MB). 0: only near V8's own heap limit.",
    default: 0,
    min: 0,
    max: 1_000_000,
  }),
  WORKER_MAX_RSS_MB: maxRss,
  WORKER_MAX_AGE_S: integer({
    doc: 'Recycle a worker older than this (s). 0: never.',
    default: 0,
    min: 0,
    max: 31_536_000,
  }),
  SHUTDOWN_SETTLE_MS: integer({
    doc: 'Keep accepting requests this long (ms) after readiness starts failing. Must exceed your probe interval.',
    default: 300,
    productionDefault: 5_000,
    min: 0,
    max: 120_000,
  }),
  SHUTDOWN_TIMEOUT_MS: integer({
    doc: 'Maximum duration of a graceful shutdown (ms); then remaining connections are closed.',
    default: 10_000,
    productionDefault: 30_000,
    min: 100,
    max: 600_000,
  }),
} satisfies Variables;

/** The share of traces to sample. */
const ratio: Variable<number> = {
  doc: 'Share of traces that the samplers traceidratio and parentbased_traceidratio choose.',
  expects: 'a number from 0 to 1',
  default: '1',
  schema: z
    .string()
    .regex(/^(?:0|1|0?\.\d{1,12}|[01]\.\d{1,12})$/)
    .transform(Number)
    .pipe(z.number().max(1)),
};

/** Standard names and meanings: https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/ */
const tracing = {
  OTEL_EXPORTER_OTLP_ENDPOINT: webUrl({
    doc: 'Receiver of traces (OTLP over HTTP), such as http://localhost:4318; they are sent to /v1/traces below it. Empty: nothing is traced.',
    default: '',
  }),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: webUrl({
    doc: 'The same for traces alone, with its whole path.',
    default: '',
  }),
  OTEL_EXPORTER_OTLP_PROTOCOL: choice(['http/json'], {
    doc: 'How traces are sent.',
    default: 'http/json',
  }),
  OTEL_EXPORTER_OTLP_HEADERS: text({
    doc: 'Headers of each export, such as a key of the receiver: name=value pairs, separated by commas.',
    default: '',
    secret: true,
  }),
  OTEL_EXPORTER_OTLP_TIMEOUT: integer({
    doc: 'Time that one export may take (ms); then its spans are dropped.',
    default: 10_000,
    min: 10,
    max: 600_000,
  }),
  OTEL_BSP_SCHEDULE_DELAY: integer({
    doc: 'Time that spans wait for others to be exported with them (ms).',
    default: 5_000,
    min: 10,
    max: 600_000,
  }),
  OTEL_SERVICE_NAME: text({
    doc: 'Name of the service in traces. Empty: that of package.json.',
    default: '',
  }),
  OTEL_RESOURCE_ATTRIBUTES: text({
    doc: 'Attributes of the service in traces: name=value pairs, separated by commas.',
    default: '',
  }),
  OTEL_TRACES_SAMPLER: choice(
    [
      'always_on',
      'always_off',
      'traceidratio',
      'parentbased_always_on',
      'parentbased_always_off',
      'parentbased_traceidratio',
    ],
    {
      doc: 'Which traces are exported. parentbased_…: as the caller decided, if it sent a traceparent. Failed and slow requests are exported in any case.',
      default: 'parentbased_always_on',
    },
  ),
  OTEL_TRACES_SAMPLER_ARG: ratio,
  OTEL_SDK_DISABLED: choice(['true', 'false'], { doc: 'true: nothing is traced.', default: 'false' }),
  TRACING_SLOW_MS: integer({
    doc: 'A request or job that takes at least this long (ms) is exported even if it is not sampled. 0: none.',
    default: 1_000,
    min: 0,
    max: 3_600_000,
  }),
} satisfies Variables;

/** The variables by heading, in the order of the documentation. */
export const variableGroups = {
  Server: server,
  'Workers and shutdown': supervision,
  Limits: limits,
  Timeouts: timeouts,
  Logging: logging,
  Tracing: tracing,
} satisfies Readonly<Record<string, Variables>>;

export const variables = { ...server, ...supervision, ...limits, ...timeouts, ...logging, ...tracing };

export type Config = Values<typeof variables>;
