/** Ways to call a URL from a client: shortcuts, and the outbound client of this service. */
import type { lookup as lookupName } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { promisify } from 'node:util';
import { Agent, fetch } from 'undici';
import { Registry } from '@prometheus-io/client';
import { isPublic } from '../../outbound/addresses.ts';
import { open } from '../../outbound/open.ts';
import { noTracing } from '../../telemetry/tracing.ts';

/** Stands for an address of the public internet: nothing here leaves loopback. */
export const PUBLIC_ADDRESS = '127.0.0.2';
const INTERNAL_ADDRESS = '127.0.0.1';

export interface SsrfCheck {
  readonly name: string;
  /** Calls the URL, unless the check refuses it. */
  readonly call: (url: string, lookup: LookupFunction, signal: AbortSignal) => Promise<unknown>;
}

/** Answers without a name server. `rebinding.test` leads to a public address at first. */
export function createResolver(): LookupFunction {
  let asked = 0;
  return (hostname, options, callback) => {
    asked += 1;
    const isPublicNow = hostname === 'public.test' || (hostname === 'rebinding.test' && asked === 1);
    const address = isPublicNow ? PUBLIC_ADDRESS : INTERNAL_ADDRESS;
    if (options.all === true) callback(null, [{ address, family: 4 }]);
    else callback(null, address, 4);
  };
}

const isAllowed = (address: string) => address === PUBLIC_ADDRESS || isPublic(address);

async function follow(url: string, lookup: LookupFunction, signal: AbortSignal): Promise<void> {
  const dispatcher = new Agent({ connect: { lookup } });
  try {
    const response = await fetch(url, { dispatcher, signal });
    await response.body?.cancel();
  } finally {
    await dispatcher.destroy();
  }
}

function refuse(isRefused: boolean): void {
  if (isRefused) throw new Error('refused');
}

/** The wrong ways first. */
export const checks: readonly SsrfCheck[] = [
  { name: 'no check', call: follow },
  {
    name: 'text of the URL',
    async call(url, ...rest) {
      refuse(/localhost|127\.0\.0\.1|169\.254\.|\/\/10\.|\/\/192\.168\./.test(url));
      await follow(url, ...rest);
    },
  },
  {
    name: 'host of the parsed URL',
    async call(url, ...rest) {
      const { hostname } = new URL(url);
      const isAddress = isIP(hostname) === 4;
      refuse(hostname === 'localhost' || (isAddress && !isAllowed(hostname)));
      await follow(url, ...rest);
    },
  },
  {
    name: 'resolve, then fetch',
    async call(url, lookup, signal) {
      const host = new URL(url).hostname.replace(/^\[|\]$/g, '');
      const resolve = promisify(lookup as typeof lookupName);
      const address = isIP(host) === 0 ? (await resolve(host, { all: true }))[0]?.address : host;
      refuse(!isAllowed(address ?? ''));
      await follow(url, lookup, signal);
    },
  },
  {
    name: 'at connect',
    async call(url, lookup, signal) {
      const outbound = open(
        {
          config: {
            OUTBOUND_ALLOWED_NETWORKS: [PUBLIC_ADDRESS],
            OUTBOUND_ALLOWED_PORTS: [new URL(url).port],
          },
          log: { info: () => undefined, warn: () => undefined },
          metrics: { registry: new Registry() },
          tracing: noTracing,
        },
        { lookup },
      );
      try {
        await outbound.value
          .client({ name: 'demo', urls: 'public', maxRedirects: 3 })
          .request(url, { signal });
      } finally {
        await outbound.close();
      }
    },
  },
];
