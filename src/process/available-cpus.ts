import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

/**
 * How many cores this process may really use, at least 1.
 *
 * `availableParallelism()` knows the CPU affinity but not a container's CPU quota (`docker run --cpus`), which is
 * a share of time and has to be read from the control group: https://docs.kernel.org/admin-guide/cgroup-v2.html
 */
export function availableCpus(
  cores = availableParallelism(),
  readQuota: () => number | undefined = readCgroupQuota,
): number {
  const quota = readQuota();
  return Math.max(1, quota === undefined ? cores : Math.min(cores, Math.ceil(quota)));
}

/** The quota in cores (1.5 for `--cpus=1.5`), or undefined where there is none. */
function readCgroupQuota(): number | undefined {
  return parseCpuMax(readText('/sys/fs/cgroup/cpu.max')) ?? parseCpuV1();
}

/** @param text the content of `cpu.max`: «<quota|max> <period>», both in microseconds */
export function parseCpuMax(text: string | undefined): number | undefined {
  const [quota, period] = (text ?? '').trim().split(/\s+/).map(Number);
  return quota && period && quota > 0 && period > 0 ? quota / period : undefined;
}

function parseCpuV1(): number | undefined {
  const quota = readText('/sys/fs/cgroup/cpu/cpu.cfs_quota_us');
  const period = readText('/sys/fs/cgroup/cpu/cpu.cfs_period_us');
  return quota === undefined || period === undefined ? undefined : parseCpuMax(`${quota.trim()} ${period}`);
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined; // not Linux, or not in a control group
  }
}
