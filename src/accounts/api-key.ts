/** API keys as text: `apikey_<id>_<secret>_<checksum>`. */
import { randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';

/** Choose your own before the first key: secret scanners know by it whom to warn, and another one invalidates all keys. */
const PREFIX = 'apikey';

/** For secret scanners as well. */
export const API_KEY_PATTERN = new RegExp(`^${PREFIX}_[0-9a-f]{16}_[0-9a-f]{64}_[0-9a-f]{8}$`);

export interface ApiKey {
  /** Public: finds the key in the database, and is shown in lists and logs. */
  readonly id: string;
  readonly secret: string;
}

export function createApiKey(): ApiKey {
  return { id: randomBytes(8).toString('hex'), secret: randomBytes(32).toString('hex') };
}

/** The beginning of a key, by which its owner recognizes it. */
export function prefixOf(id: string): string {
  return `${PREFIX}_${id}`;
}

export function formatApiKey({ id, secret }: ApiKey): string {
  const text = `${prefixOf(id)}_${secret}`;
  return `${text}_${checksum(text)}`;
}

/** Whether a text is meant to be a key, perhaps with a mistake in it. */
export function isApiKey(text: string): boolean {
  return text.startsWith(`${PREFIX}_`);
}

/** @returns undefined if the checksum is wrong: a typo, or half a key, which needs no query */
export function parseApiKey(text: string): ApiKey | undefined {
  if (!API_KEY_PATTERN.test(text)) return undefined;
  const [, id = '', secret = '', sum] = text.split('_');
  return sum === checksum(text.slice(0, text.lastIndexOf('_'))) ? { id, secret } : undefined;
}

function checksum(text: string): string {
  return crc32(text).toString(16).padStart(8, '0');
}
