/**
 * The variables of the service itself. Every one is declared once: its meaning, its bounds and its default.
 * `.env.example` and the README's table are rendered from the same declarations.
 */
import { BlockList, isIP } from 'node:net';
import { z } from 'zod';
import { availableCpus } from '../process/available-cpus.ts';
import { choice, integer, wholeNumber, type Values, type Variable, type Variables } from './variable.ts';

function port(doc: string, given: number): Variable<number> {
  return integer({ doc, default: given, min: 0, max: 65_535 });
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

/** Named networks that Express knows beside addresses: https://expressjs.com/en/guide/behind-proxies.html */
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
  // A network that is everybody is refused, also one of IPv6 that has all of IPv4 in it.
  return bits > 96 || (bits > 0 && !hasAddress(address, bits, '::ffff:0:0'));
}

function hasAddress(network: string, prefix: number, address: string): boolean {
  const list = new BlockList();
  list.addSubnet(network, prefix, 'ipv6');
  return list.check(address, 'ipv6');
}

const networks: Variable<readonly string[]> = {
  doc: 'Networks whose X-Forwarded-* headers are believed, separated by commas; empty: none.',
  expects: 'addresses, networks such as 10.0.0.0/8, or loopback, linklocal, uniquelocal, separated by commas',
  default: '',
  schema: z
    .string()
    .transform((text) =>
      text
        .split(',')
        .map((part) => part.trim())
        .filter(Boolean),
    )
    .refine((parts) => parts.every(isNetwork)),
};

/** `auto` becomes a number here, so that nobody else has to ask what it means. */
const workers: Variable<number> = {
  doc: 'Worker processes: auto (one a usable core), a number, or 0 for one process without a cluster.',
  expects: 'auto or a whole number from 0 to 128',
  default: 'auto',
  schema: z.union([
    z.literal('auto').transform(() => availableCpus()),
    wholeNumber.pipe(z.number().min(0).max(128)),
  ]),
};

export const variables = {
  NODE_ENV: choice(['development', 'test', 'production'], {
    doc: 'The kind of environment; production has stricter defaults.',
    default: 'development',
  }),
  HOST: host('Address the app listens on.'),
  PORT: port('Port of the app; 0 takes a free one.', 3000),
  MANAGEMENT_HOST: host('Address of the management port; keep it away from the public.'),
  MANAGEMENT_PORT: port('Port of probes, metrics and supervision; 0 takes a free one.', 3001),
  WORKERS: workers,
  THREAD_POOL_SIZE: integer({
    doc: "Threads of libuv's pool in each worker (UV_THREADPOOL_SIZE).",
    default: 4,
    min: 1,
    max: 1024,
  }),
  LOG_LEVEL: choice(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], {
    doc: 'The least severe level that is logged.',
    default: 'info',
  }),
  LOG_FORMAT: choice(['auto', 'json', 'pretty'], {
    doc: 'json: one object a line; pretty: for people; auto: pretty on a terminal in development.',
    default: 'auto',
    productionDefault: 'json',
  }),
  LOG_MAX_WAITING_BYTES: integer({
    doc: 'Log lines that wait for a stalled reader, in bytes for each process; further ones are dropped and counted.',
    default: 8_388_608,
    min: 16_384,
    max: 1_000_000_000,
  }),
  TRUST_PROXY: networks,
  RATE_LIMIT_MAX: integer({
    doc: 'Requests one client may make in a window.',
    default: 10_000_000,
    productionDefault: 600,
    min: 1,
    max: 1_000_000_000,
  }),
  RATE_LIMIT_WINDOW_MS: integer({
    doc: 'Length of that window in milliseconds.',
    default: 60_000,
    min: 100,
    max: 86_400_000,
  }),
  BODY_LIMIT_BYTES: integer({
    doc: 'Largest JSON body that is read, in bytes.',
    default: 100_000,
    min: 1,
    max: 100_000_000,
  }),
  URL_LIMIT_BYTES: integer({
    doc: 'Longest request target that is served, in bytes.',
    default: 4_096,
    min: 64,
    max: 16_000,
  }),
  MAX_REQUESTS_IN_FLIGHT: integer({
    doc: 'Requests one worker serves at once; further ones are shed.',
    default: 5_000,
    min: 1,
    max: 1_000_000,
  }),
  OVERLOAD_MAX_DELAY_MS: integer({
    doc: 'Time in milliseconds a request may wait for a busy worker; when the wait is longer, further ones are shed; 0: never.',
    default: 500,
    min: 0,
    max: 60_000,
  }),
  OVERLOAD_MAX_UTILIZATION_PERCENT: integer({
    doc: 'Event-loop utilisation in percent above which a worker counts as busy, and requests wait in its queue.',
    default: 98,
    min: 1,
    max: 100,
  }),
  KEEP_ALIVE_TIMEOUT_MS: integer({
    doc: 'Idle time of a kept-alive connection; longer than that of a load balancer in front (often 60 s).',
    default: 65_000,
    min: 1,
    max: 600_000,
  }),
  HEADERS_TIMEOUT_MS: integer({
    doc: 'Time a client has to send the headers of a request.',
    default: 15_000,
    min: 100,
    max: 600_000,
  }),
  REQUEST_TIMEOUT_MS: integer({
    doc: 'Time a client has to send a whole request; it also bounds the length of an upload.',
    default: 300_000,
    min: 100,
    max: 3_600_000,
  }),
  SLOW_READER_TIMEOUT_MS: integer({
    doc: 'Time in which a client must take at least 16 KB of an answer that waits for it, or be cut.',
    default: 30_000,
    min: 1_000,
    max: 3_600_000,
  }),
  MAX_REQUESTS_PER_SOCKET: integer({
    doc: 'Requests served on one connection before it is closed; 0: no limit.',
    default: 10_000,
    min: 0,
    max: 100_000_000,
  }),
  MAX_CONNECTIONS: integer({
    doc: 'Connections one worker holds open; more are refused.',
    default: 10_000,
    min: 1,
    max: 1_000_000,
  }),
  WORKER_START_TIMEOUT_MS: integer({
    doc: 'Time a new worker has to become ready.',
    default: 30_000,
    min: 500,
    max: 600_000,
  }),
  HEARTBEAT_TIMEOUT_MS: integer({
    doc: 'A worker whose event loop is silent for longer is killed and replaced.',
    default: 10_000,
    min: 500,
    max: 600_000,
  }),
  WORKER_MAX_HEAP_MB: integer({
    doc: 'A worker whose heap stays above this many MB is recycled; in any case one that nears the limit of V8.',
    default: 0,
    min: 0,
    max: 1_000_000,
  }),
  WORKER_MAX_AGE_S: integer({
    doc: 'A worker older than this many seconds is recycled; 0: never.',
    default: 0,
    min: 0,
    max: 31_536_000,
  }),
  SHUTDOWN_SETTLE_MS: integer({
    doc: 'How long a stopping service still accepts while its readiness probe says no; cover your probe interval.',
    default: 300,
    productionDefault: 5_000,
    min: 0,
    max: 120_000,
  }),
  SHUTDOWN_TIMEOUT_MS: integer({
    doc: 'Time a stop may take in all before what is left is cut.',
    default: 10_000,
    productionDefault: 30_000,
    min: 100,
    max: 600_000,
  }),
} satisfies Variables;

export type Config = Values<typeof variables>;
