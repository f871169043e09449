import { readFileSync } from 'node:fs';
import { BlockList, isIP } from 'node:net';
import { parseArgs } from 'node:util';
import { FORMAT, type Report } from './report/report.ts';

export interface Arguments {
  /** The chosen scenarios. Empty: list all. */
  readonly names: readonly string[];
  readonly short: boolean;
  readonly json: boolean;
  readonly help: boolean;
  /** A running service to load. */
  readonly url: string | undefined;
  readonly managementUrl: string | undefined;
  readonly earlier: Report | undefined;
  /** The folder for reports. */
  readonly out: string;
  /** The folder for the charts of the documentation. */
  readonly charts: string | undefined;
}

/** An invalid command line; the message is one sentence that says how to correct it. */
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

/** @throws {UsageError} if an argument is invalid or a host must not be loaded */
export function readArguments(args: readonly string[], known: readonly string[]): Arguments {
  const { values, positionals } = parse(args);
  const unknown = positionals.filter((name) => name !== 'all' && !known.includes(name));
  if (unknown.length > 0) {
    throw new UsageError(`Unknown scenario "${unknown.join('", "')}": choose from all, ${known.join(', ')}.`);
  }
  const owned = values['i-own-this-host'];
  const url = readUrl('--url', values.url, owned);
  const managementUrl = readUrl('--management-url', values['management-url'], owned);
  if (managementUrl !== undefined && url === undefined) {
    throw new UsageError('--management-url requires --url, the address of the same service.');
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
    const [problem = ''] = (error as Error).message.split('.');
    throw new UsageError(`${problem}; see npm run load -- --help.`, { cause: error });
  }
}

/** @returns the origin of an HTTP URL; a host that is not loopback must be owned */
function readUrl(option: string, text: string | undefined, owned: boolean): string | undefined {
  if (text === undefined) return undefined;
  const url = URL.parse(text);
  if (url?.protocol !== 'http:' || url.pathname !== '/' || url.search !== '') {
    throw new UsageError(
      `${option} takes an address such as http://127.0.0.1:3000 without a path, not "${text}".`,
    );
  }
  if (!isLoopback(url.hostname) && !owned) {
    throw new UsageError(
      `${url.hostname} is not a loopback address: add --i-own-this-host if you may load it.`,
    );
  }
  return url.origin;
}

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** Whether a host is a loopback address or `localhost`; any other name may resolve to another machine. */
export function isLoopback(hostname: string): boolean {
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  const version = isIP(host);
  if (version === 0) return host === 'localhost';
  return loopback.check(host, version === 4 ? 'ipv4' : 'ipv6');
}

function readReport(file: string): Report {
  const hint = '--compare takes the JSON report of an earlier run';
  let report: Report | null;
  try {
    report = JSON.parse(readFileSync(file, 'utf8')) as Report | null;
  } catch (error) {
    throw new UsageError(`${file} cannot be read: ${hint}.`, { cause: error });
  }
  if (report !== null && (report.format as number) === FORMAT && Array.isArray(report.scenarios))
    return report;
  throw new UsageError(`${file} is not a report of this version: ${hint}.`);
}
