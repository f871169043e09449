import { readFileSync } from 'node:fs';
import { BlockList, isIP } from 'node:net';
import { parseArgs } from 'node:util';
import { FORMAT, type Report } from './report/report.ts';

export interface Arguments {
  /** The chosen scenarios; none: they are only listed. */
  readonly names: readonly string[];
  readonly short: boolean;
  readonly json: boolean;
  readonly help: boolean;
  /** A service that runs already. */
  readonly url: string | undefined;
  readonly managementUrl: string | undefined;
  readonly earlier: Report | undefined;
  /** Where the report is written. */
  readonly out: string;
  /** A folder for the charts of the documentation, where they are wanted. */
  readonly charts: string | undefined;
}

/** A command line that cannot be used; the message says what to do instead. */
export class UsageError extends Error {}

const options = {
  short: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
  url: { type: 'string' },
  'management-url': { type: 'string' },
  'i-own-this-host': { type: 'boolean', default: false },
  compare: { type: 'string' },
  out: { type: 'string', default: 'load-report' },
  charts: { type: 'string' },
} as const;

/** @throws {UsageError} where something is unknown, or must not be loaded */
export function readArguments(args: readonly string[], known: readonly string[]): Arguments {
  const { values, positionals } = parse(args);
  const unknown = positionals.filter((name) => name !== 'all' && !known.includes(name));
  if (unknown.length > 0) {
    throw new UsageError(
      `There is no scenario «${unknown.join('», «')}»; choose from all, ${known.join(', ')}.`,
    );
  }
  const owned = values['i-own-this-host'];
  const url = readUrl('--url', values.url, owned);
  const managementUrl = readUrl('--management-url', values['management-url'], owned);
  if (managementUrl !== undefined && url === undefined) {
    throw new UsageError('--management-url belongs to a running service: give its address with --url, too.');
  }
  return {
    names: positionals.includes('all') ? known : known.filter((name) => positionals.includes(name)),
    short: values.short,
    json: values.json,
    help: values.help,
    url,
    managementUrl,
    earlier: values.compare === undefined ? undefined : readReport(values.compare),
    out: values.out,
    charts: values.charts,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], allowPositionals: true, options });
  } catch (error) {
    const why = (error as Error).message.split('.')[0] ?? '';
    throw new UsageError(`${why}; npm run load -- --help says what there is.`, { cause: error });
  }
}

/** An origin of http without a slash at its end. A host that is not this machine must be said to be one's own. */
function readUrl(option: string, text: string | undefined, owned: boolean): string | undefined {
  if (text === undefined) return undefined;
  const url = URL.parse(text);
  if (url?.protocol !== 'http:' || url.pathname !== '/' || url.search !== '') {
    throw new UsageError(
      `${option} takes an address such as http://127.0.0.1:3000, without a path; it is «${text}».`,
    );
  }
  if (!isLoopback(url.hostname) && !owned) {
    throw new UsageError(
      `${url.hostname} is not this machine: add --i-own-this-host if it is yours to load, or start the program here.`,
    );
  }
  return url.origin;
}

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** Whether a host is this machine by its very name; other names may lead anywhere, so they do not count. */
export function isLoopback(hostname: string): boolean {
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  const version = isIP(host);
  if (version === 0) return host === 'localhost';
  return loopback.check(host, version === 4 ? 'ipv4' : 'ipv6');
}

function readReport(file: string): Report {
  try {
    const report = JSON.parse(readFileSync(file, 'utf8')) as Report;
    if ((report.format as number) === FORMAT && Array.isArray(report.scenarios)) return report;
  } catch (error) {
    throw new UsageError(
      `${file} cannot be read as a report: --compare takes the JSON that a run has written.`,
      {
        cause: error,
      },
    );
  }
  throw new UsageError(
    `${file} is no report of this version: --compare takes the JSON that a run has written.`,
  );
}
