import { setTimeout as sleep } from 'node:timers/promises';
import { Problem } from '../../http/problem.ts';
import { primarySilent } from './problems.ts';
import type { DemoResources } from './resources/resources.ts';

/** The primary announces it at once unless it is stuck. */
const TIMEOUT_MS = 2_000;

/** @returns the URL of the management port; undefined if there is none */
export async function findManagement(
  { dependencies }: DemoResources,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { managementAddress } = dependencies;
  if (managementAddress === undefined) return undefined;
  const found = new AbortController();
  try {
    const ended = AbortSignal.any([signal, found.signal]);
    return await Promise.race([managementAddress(), rejectAfterTimeout(ended)]);
  } catch (error) {
    signal.throwIfAborted();
    throw new Problem(primarySilent, {
      detail: 'The primary did not announce its management address.',
      cause: error,
    });
  } finally {
    found.abort();
  }
}

async function rejectAfterTimeout(signal: AbortSignal): Promise<never> {
  await sleep(TIMEOUT_MS, undefined, { signal, ref: false });
  throw new Error('no management address from the primary');
}
