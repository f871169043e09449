import { variables, type Config } from './core-variables.ts';
import { defaultOf, type Variable, type Variables } from './declare.ts';
import { fileVariableOf, readSecretFile } from './secret-file.ts';
import { readTlsFiles } from './tls-files.ts';

/** Values by variable name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** An invalid configuration. `faults` has one sentence per invalid variable, so that one start reports all of them. */
export class ConfigError extends Error {
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(`Invalid configuration:\n${faults.map((fault) => `  ${fault}`).join('\n')}`);
    this.name = 'ConfigError';
    this.faults = faults;
  }
}

/**
 * Parses and checks every variable. An empty value counts as not set. The value of a secret variable may come from a
 * file: `DATABASE_URL_FILE`.
 *
 * @param extra variables that features declare; their values are part of the result
 * @throws {ConfigError} naming every invalid variable
 */
export function readConfig(environment: Environment, extra: Variables = {}): Config {
  const faults: string[] = [];
  const values: Record<string, unknown> = {};
  const production = environment['NODE_ENV']?.trim() === 'production';

  const declared: Variables = { ...variables, ...extra };
  for (const [name, variable] of Object.entries(declared)) {
    const { secret, fault } = variable.secret === true ? readSecretFile(name, environment) : {};
    if (fault !== undefined) {
      faults.push(fault);
      continue;
    }
    const raw = secret ?? (environment[name]?.trim() || defaultOf(variable, production));
    const parsed = raw === undefined ? undefined : variable.schema.safeParse(raw);
    if (parsed?.success) values[name] = parsed.data;
    else faults.push(describeFault(name, raw, variable));
  }

  if (faults.length > 0) throw new ConfigError(faults);
  const config = values as Config;
  const contradictions = findContradictions(config);
  if (contradictions.length > 0) throw new ConfigError(contradictions);
  return Object.freeze(config);
}

function describeFault(name: string, raw: string | undefined, variable: Variable<unknown>): string {
  const { expects, secret } = variable;
  if (raw === undefined) {
    return `${name} must be set${variable.default === undefined ? '' : ' in production'}: ${expects}`;
  }
  const given = secret === true ? 'its value is hidden' : `it is ${JSON.stringify(raw.slice(0, 80))}`;
  return `${name} must be ${expects}; ${given}`;
}

/** Checks values that are valid on their own but not together. */
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
  if (config.CORS_ORIGINS.includes('*') && config.TLS_CLIENT_CA_FILE !== '') {
    faults.push(
      'CORS_ORIGINS must not be * with TLS_CLIENT_CA_FILE: any page could use the certificates of browsers',
    );
  }
  try {
    readTlsFiles(config);
  } catch (error) {
    faults.push((error as Error).message);
  }
  return faults;
}

/** A configuration, and the variables that give another process the same one. */
export interface Settings {
  readonly config: Config;
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * @param extra variables that features declare
 * @throws {ConfigError} naming every invalid variable
 */
export function readSettings(environment: Environment, extra: Variables = {}): Settings {
  const config = readConfig(environment, extra);
  // A secret in a file stays there: the other process reads it, too.
  const names = Object.keys(config).flatMap((name) => [name, fileVariableOf(name)]);
  const declared = names.flatMap((name) => {
    const value = environment[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return { config, environment: Object.fromEntries(declared) };
}
