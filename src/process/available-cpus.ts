import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

/**
 * The number of CPUs that this process may use, at least 1: those it may be scheduled on, but not more than a container's
 * CPU quota (`docker run --cpus`), rounded up.
 *
 * `availableParallelism()` respects CPU affinity. It respects the quota only since libuv 1.49 and not in every cgroup
 * layout, so the quota is read here as well: https://docs.kernel.org/admin-guide/cgroup-v2.html
 */
export function availableCpus(
  cpus = availableParallelism(),
  readQuota: () => number | undefined = readCgroupQuota,
): number {
  const quota = readQuota();
  return Math.max(1, quota === undefined ? cpus : Math.min(cpus, Math.ceil(quota)));
}

/** @returns the quota in CPUs (1.5 for `--cpus=1.5`), or undefined without a quota */
function readCgroupQuota(): number | undefined {
  return parseCpuMax(readText('/sys/fs/cgroup/cpu.max')) ?? readCgroupV1Quota();
}

/** @param text the content of `cpu.max`: `<quota|max> <period>`, both in microseconds */
export function parseCpuMax(text: string | undefined): number | undefined {
  const [quota, period] = (text ?? '').trim().split(/\s+/).map(Number);
  return quota && period && quota > 0 && period > 0 ? quota / period : undefined;
}

function readCgroupV1Quota(): number | undefined {
  const quota = readText('/sys/fs/cgroup/cpu/cpu.cfs_quota_us');
  const period = readText('/sys/fs/cgroup/cpu/cpu.cfs_period_us');
  return quota === undefined || period === undefined ? undefined : parseCpuMax(`${quota.trim()} ${period}`);
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined; // not Linux, or not in a cgroup
  }
}
