import { json } from 'node:stream/consumers';
import { Problem } from '../../http/problem.ts';
import { managementHeaders } from '../../supervision/management-access.ts';
import { clusterViewSchema, type ClusterView } from '../../supervision/supervision.ts';
import { findManagement } from './management-address.ts';
import { sendRequest } from './measure/loopback.ts';
import { primarySilent } from './problems.ts';
import type { DemoResources } from './resources/resources.ts';

/** The primary responds at once unless it is stuck. */
const TIMEOUT_MS = 2_000;

interface Found {
  /** Where the primary publishes it. */
  readonly url: string;
  readonly view: ClusterView;
}

/**
 * The workers and their history as the primary reports them.
 *
 * @returns undefined without a management port
 * @throws {Problem} `primary-silent`
 */
export async function fetchClusterView(
  resources: DemoResources,
  signal: AbortSignal,
): Promise<Found | undefined> {
  const management = await findManagement(resources, signal);
  if (management === undefined) return undefined;
  const url = `${management}/workers`;
  try {
    const timeout = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
    const headers = managementHeaders(resources.dependencies.config);
    const response = await sendRequest(url, { headers, signal: timeout });
    return { url, view: clusterViewSchema.parse(await json(response)) };
  } catch (error) {
    signal.throwIfAborted();
    throw new Problem(primarySilent, {
      detail: 'The management port gave no valid response in time.',
      cause: error,
    });
  }
}
