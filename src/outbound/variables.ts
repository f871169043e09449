import { commaSeparated, type Variable, type Variables } from '../config/declare.ts';
import { toBlockLists } from './addresses.ts';

const networks: Variable<readonly string[]> = {
  doc: 'Comma-separated networks that this service may call for a URL from a client, in addition to the public internet. Empty: none.',
  expects: 'addresses or networks such as 10.1.2.0/24, separated by commas',
  default: '',
  schema: commaSeparated.refine((parts) => {
    try {
      toBlockLists(parts);
      return true;
    } catch {
      return false;
    }
  }),
};

const ports: Variable<readonly string[]> = {
  doc: 'Comma-separated ports that this service may call for a URL from a client.',
  expects: 'port numbers separated by commas',
  default: '80,443',
  schema: commaSeparated.refine((parts) => parts.every((part) => /^[1-9]\d{0,4}$/.test(part))),
};

export const variables = {
  OUTBOUND_ALLOWED_NETWORKS: networks,
  OUTBOUND_ALLOWED_PORTS: ports,
} satisfies Variables;
