import { setTimeout as sleep } from 'node:timers/promises';
import { Problem } from '../../http/problem.ts';
import type { Tools } from './tools.ts';

/** The primary says it to every worker at once, or it is in trouble. */
const TIMEOUT_MS = 2_000;

/** Where the management port is asked, as a URL; undefined where there is none. */
export async function findManagement(
  { dependencies }: Tools,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { managementAddress } = dependencies;
  if (managementAddress === undefined) return undefined;
  const known = new AbortController();
  try {
    const ended = AbortSignal.any([signal, known.signal]);
    return reachable(await Promise.race([managementAddress(), rejectAtEnd(ended)]));
  } catch (error) {
    signal.throwIfAborted();
    throw new Problem('primary-silent', {
      detail: 'Where its management port is was not said.',
      cause: error,
    });
  } finally {
    known.abort();
  }
}

async function rejectAtEnd(signal: AbortSignal): Promise<never> {
  await sleep(TIMEOUT_MS, undefined, { signal, ref: false });
  throw new Error('the primary never said where it listens');
}

/** An address that stands for all of a machine is reached over loopback. */
export function reachable(address: string): string {
  return address.replace('//0.0.0.0:', '//127.0.0.1:').replace('//[::]:', '//[::1]:');
}
