/** Which addresses this service connects to, checked when it connects: a name may resolve differently each time. */
import { lookup as lookupName, type LookupAddress } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { buildConnector } from 'undici';

/**
 * IPv4 networks that are not the public internet: https://www.iana.org/assignments/iana-ipv4-special-registry
 * The last one is the metadata service of a cloud whose address looks public.
 */
const SPECIAL_IPV4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '168.63.129.16/32',
];

/**
 * All but 2000::/3, the only part of IPv6 in public use: so neither loopback, unique-local, link-local and multicast
 * addresses nor those that contain an IPv4 address (mapped, NAT64). Then the special networks within that part, of which
 * 6to4 and Teredo contain an IPv4 address, too: https://www.iana.org/assignments/iana-ipv6-special-registry
 */
const SPECIAL_IPV6 = ['::/3', '4000::/2', '8000::/1', '2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'];

/** @throws {Error} if one of them is neither an address nor a network */
export function toBlockLists(networks: readonly string[]): (address: string) => boolean {
  // A list of both kinds would compare IPv4 addresses with IPv6 networks as if they were mapped.
  const lists = { 4: new BlockList(), 6: new BlockList() };
  for (const network of networks) {
    const [address = '', prefix] = network.split('/');
    const version = isIP(address);
    if (version !== 4 && version !== 6) throw new Error(`${network} is not a network`);
    const bits = prefix === undefined ? (version === 4 ? 32 : 128) : Number(prefix);
    lists[version].addSubnet(address, bits, version === 4 ? 'ipv4' : 'ipv6');
  }
  return (address) => {
    const version = isIP(address);
    if (version === 4) return lists[4].check(address, 'ipv4');
    return version === 6 && lists[6].check(address.replace(/%.*/, ''), 'ipv6');
  };
}

const isSpecial = toBlockLists([...SPECIAL_IPV4, ...SPECIAL_IPV6]);

/** Whether the address belongs to the public internet. */
export function isPublic(address: string): boolean {
  return isIP(address) !== 0 && !isSpecial(address);
}

/** Thrown before anything is sent, and before a connection is made. */
export class AddressRefused extends Error {
  readonly code = 'ERR_ADDRESS_REFUSED';

  constructor() {
    super('the address may not be called');
    this.name = 'AddressRefused';
  }
}

interface ConnectorOptions {
  readonly allows: (address: string) => boolean;
  /** Defaults to that of the operating system. */
  readonly lookup?: LookupFunction | undefined;
}

/** @returns a function that connects to allowed addresses only: each name is resolved once, and that result is used */
export function createConnector({ allows, lookup = lookupName }: ConnectorOptions): buildConnector.connector {
  const lookupAllowed: LookupFunction = (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found) => {
      const allowed =
        error === null ? (found as LookupAddress[]).filter(({ address }) => allows(address)) : [];
      const [first] = allowed;
      if (first === undefined) callback(error ?? new AddressRefused(), []);
      else if (options.all === true) callback(null, allowed);
      else callback(null, first.address, first.family);
    });
  };
  const connect = buildConnector({ lookup: lookupAllowed, allowH2: false });
  return (options, callback) => {
    // An address needs no lookup, so the check above would not see it.
    if (isIP(options.hostname) === 0 || allows(options.hostname)) connect(options, callback);
    else queueMicrotask(() => callback(new AddressRefused(), null));
  };
}
