/**
 * The configuration, and the only reader of the environment.
 *
 * Every variable is declared once, below: its meaning, its bounds and its default. `.env.example` and the
 * README's table are rendered from the same declarations.
 */
import cluster from 'node:cluster';
import { existsSync, readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import process from 'node:process';
import { parseEnv } from 'node:util';
import { z } from 'zod';
import { availableCpus } from './process/available-cpus.ts';

/** One environment variable: what it means, what it accepts and what it is when nobody sets it. */
export interface Variable<T> {
  /** One sentence for whoever sets it. */
  readonly doc: string;
  /** The accepted values in words; it completes «must be …». */
  readonly expects: string;
  /** The default, written as it would be in `.env`. */
  readonly default: string;
  /** The default where `NODE_ENV` is `production`, if it is another one. */
  readonly productionDefault?: string;
  /** Never shown, not even where it is bad: what stops the start goes to the log. */
  readonly secret?: true;
  readonly schema: z.ZodType<T, string>;
}

export type Variables = Readonly<Record<string, Variable<unknown>>>;
export type Values<V extends Variables> = {
  readonly [Name in keyof V]: V[Name] extends Variable<infer T> ? T : never;
};

/** A configuration that cannot be used. `faults` names every bad variable, so that one start shows them all. */
export class ConfigError extends Error {
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(`Bad configuration:\n${faults.map((fault) => `  ${fault}`).join('\n')}`);
    this.name = 'ConfigError';
    this.faults = faults;
  }
}

interface Bounds {
  readonly doc: string;
  readonly default: number;
  readonly productionDefault?: number;
  readonly min: number;
  readonly max: number;
}

const wholeNumber = z
  .string()
  .regex(/^\d{1,15}$/)
  .transform(Number);

/** A whole number within bounds. */
export function integer({ doc, min, max, ...given }: Bounds): Variable<number> {
  return {
    doc,
    expects: `a whole number from ${min} to ${max}`,
    default: String(given.default),
    ...(given.productionDefault === undefined ? {} : { productionDefault: String(given.productionDefault) }),
    schema: wholeNumber.pipe(z.number().min(min).max(max)),
  };
}

/** One of a few words. */
export function choice<const W extends readonly [string, ...string[]]>(
  words: W,
  given: { doc: string; default: W[number]; productionDefault?: W[number] },
): Variable<W[number]> {
  return { ...given, expects: `one of ${words.join(', ')}`, schema: z.enum(words) };
}

/** `on` or `off`. */
export function onOff(given: {
  doc: string;
  default: 'on' | 'off';
  productionDefault?: 'on' | 'off';
}): Variable<boolean> {
  return {
    ...given,
    expects: 'on or off',
    schema: z.enum(['on', 'off']).transform((word) => word === 'on'),
  };
}

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
  // Express refuses a network that is everybody.
  return /^\d{1,3}$/.test(prefix) && Number(prefix) >= 1 && Number(prefix) <= (version === 4 ? 32 : 128);
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

/**
 * Reads and checks every variable. An empty value counts as not set.
 *
 * @param environment what is set, by name
 * @param extra variables that features declare for themselves; their values stand beside the others
 * @throws {ConfigError} naming every bad variable at once
 */
export function readConfig(environment: Environment, extra: Variables = {}): Config {
  const faults: string[] = [];
  const values: Record<string, unknown> = {};
  const production = environment['NODE_ENV']?.trim() === 'production';

  const declared: Variables = { ...variables, ...extra };
  for (const [name, variable] of Object.entries(declared)) {
    const fallback = (production ? variable.productionDefault : undefined) ?? variable.default;
    const raw = environment[name]?.trim() || fallback;
    const parsed = variable.schema.safeParse(raw);
    if (parsed.success) values[name] = parsed.data;
    else faults.push(describeFault(name, raw, variable));
  }

  if (faults.length > 0) throw new ConfigError(faults);
  const config = values as Config;
  const contradictions = findContradictions(config);
  if (contradictions.length > 0) throw new ConfigError(contradictions);
  return Object.freeze(config);
}

function describeFault(name: string, raw: string, { expects, secret }: Variable<unknown>): string {
  const given = secret === true ? 'what it is is not shown' : `it is ${JSON.stringify(raw.slice(0, 80))}`;
  return `${name} must be ${expects}; ${given}`;
}

/** What is wrong though each value alone is right. */
function findContradictions(config: Config): string[] {
  const faults: string[] = [];
  if (config.PORT !== 0 && config.PORT === config.MANAGEMENT_PORT && config.HOST === config.MANAGEMENT_HOST) {
    faults.push(`MANAGEMENT_PORT must differ from PORT; both are ${config.PORT} on ${config.HOST}`);
  }
  if (config.SHUTDOWN_SETTLE_MS >= config.SHUTDOWN_TIMEOUT_MS) {
    faults.push(
      `SHUTDOWN_SETTLE_MS must be less than SHUTDOWN_TIMEOUT_MS; they are ${config.SHUTDOWN_SETTLE_MS} and ${config.SHUTDOWN_TIMEOUT_MS}`,
    );
  }
  if (config.HEADERS_TIMEOUT_MS > config.REQUEST_TIMEOUT_MS) {
    faults.push(
      `HEADERS_TIMEOUT_MS must not exceed REQUEST_TIMEOUT_MS; they are ${config.HEADERS_TIMEOUT_MS} and ${config.REQUEST_TIMEOUT_MS}`,
    );
  }
  return faults;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The variables that are set: those of the process, over those of a `.env` file in the working directory. A worker does
 * not read the file: its primary gives it what it has accepted of it.
 *
 * The file is read anew each time and never copied into `process.env`: a worker forked later would inherit the
 * old values, and a reload could not bring in new ones.
 *
 * @throws {ConfigError} where the file cannot be read
 */
export function readEnvironment(file = '.env'): Environment {
  return { ...(cluster.isPrimary ? readFile(file) : {}), ...process.env };
}

function readFile(file: string): Environment {
  if (!existsSync(file)) return {};
  try {
    return parseEnv(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new ConfigError([
      `${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    ]);
  }
}

/** A configuration, and the variables from which another process reads the same. */
export interface Settings {
  readonly config: Config;
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * @param environment what is set, by name
 * @param extra variables that features declare for themselves
 * @throws {ConfigError} naming every bad variable at once
 */
export function readSettings(environment: Environment, extra: Variables = {}): Settings {
  const config = readConfig(environment, extra);
  const declared = Object.keys(config).flatMap((name) => {
    const value = environment[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return { config, environment: Object.fromEntries(declared) };
}

// not in a copy, down to the next empty line
/** The environment itself, for who shows what it is; whoever wants a value of it declares a variable. */
export function rawEnvironment(): NodeJS.ProcessEnv {
  return process.env;
}

/**
 * Sizes libuv's pool in this very process. libuv reads its size from the environment when the pool is first used: a
 * forked worker is given it, but a single process has to set it itself, before anything has used the pool.
 */
export function sizeThreadPool({ THREAD_POOL_SIZE }: Pick<Config, 'THREAD_POOL_SIZE'>): void {
  process.env['UV_THREADPOOL_SIZE'] = String(THREAD_POOL_SIZE);
}

/** The text of `.env.example`: every variable with its sentence, bounds and default, commented out. */
export function renderEnvExample(declared: Variables): string {
  const entries = Object.entries(declared).map(([name, variable]) => {
    const production =
      variable.productionDefault === undefined ? '' : ` In production: ${variable.productionDefault}.`;
    return `# ${variable.doc}\n# Expects ${variable.expects}.${production}\n# ${name}=${variable.default}\n`;
  });
  return `# Copy to .env and uncomment what you change. A value set in the environment wins over this file.\n\n${entries.join('\n')}`;
}
