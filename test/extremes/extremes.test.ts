/**
 * Runs every demo that harms no worker at the bounds of its parameters, alone and next to another one, with thread pools
 * of several sizes and without a cluster, and holds its lesson to the figures of the same response.
 *
 * Each request runs once, those about the thread pool in every setting. `EXTREMES=full` runs all pairs of bounds in every
 * setting, both alone and next to another demo.
 */
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { afterAll, describe, expect, test } from '@jest/globals';
import { Program, root, until } from '../support/program.ts';
import { bytesInUse } from '../support/resource-usage.ts';
import { useTestApp } from '../support/use-test-app.ts';
import { faultsOf } from './check-response.ts';
import { hasClaims } from './broken-claims.ts';
import { extremeRequests, type ExtremeRequest } from './extreme-requests.ts';
import { send } from './send.ts';

const full = process.env['EXTREMES'] === 'full';

/** A run takes 10 s at most and waits 5 s for another demo; the rest is for a busy machine. */
const TIMEOUT_MS = 45_000;
const SMALL_REQUESTS = 200;
/** Of the memory in use after the extremes to that before them. */
const MAX_GROWTH = 1.5;

/** One worker each: "next to another demo" means in the same process. */
const settings = [
  { name: 'one pool thread', workers: 1, threads: 1 },
  { name: 'two pool threads', workers: 1, threads: 2 },
  { name: 'eight pool threads', workers: 1, threads: 8 },
  { name: 'no cluster', workers: 0, threads: 4 },
] as const;
type Setting = (typeof settings)[number];

const { features } = await useTestApp();
const routes = features
  .filter(({ base }) => base.startsWith('/demos'))
  .flatMap((feature) => feature.routes.map((route) => ({ feature, route })))
  .filter(({ route }) => route.meta?.danger !== true);
const requestsOf = (pairs: boolean) =>
  routes.flatMap(({ feature, route }) => extremeRequests(feature, route, pairs));
const requests = requestsOf(full);

afterAll(() => {
  const runs = settings
    .map(shareOf)
    .reduce((total, { alone, together }) => total + alone.length + together.length, 0);
  const all = requestsOf(true).length * 2 * settings.length;
  print(
    `${new Set(requests.map(({ demo }) => demo)).size} demos, ${requests.length} requests, ${runs} runs; ${all - runs} left out (EXTREMES=full)`,
  );
});

test('every demo with a lesson has a checker of its claims', () => {
  const withLesson = new Set(requests.filter(({ evidence }) => evidence).map(({ demo }) => demo));

  expect([...withLesson].filter((demo) => !hasClaims(demo))).toEqual([]);
});

describe.each(settings)('with $name', (setting) => {
  test('every demo keeps its promises at the bounds of its parameters', async () => {
    await using program = await startWith(setting);
    const before = await pidsOf(program, setting);
    const [pid = 0] = before;
    for (let sent = 0; sent < SMALL_REQUESTS; sent += 1)
      await (await program.get('/demos/language/types')).text();
    const fresh = { bytes: await bytesInUse(program, pid), rss: residentBytes(pid) };

    const { alone, together } = shareOf(setting);
    const faults = [
      ...(await runAll(program, alone, setting, 1)),
      ...(await runAll(program, together, setting, 2)),
    ];

    expect(faults).toEqual([]);
    expect(await pidsOf(program, setting)).toEqual(before);
    expect(program.lines.filter(({ level }) => level === 'fatal')).toEqual([]);
    const settled = await until('the memory in use to come back', async () => {
      const bytes = await bytesInUse(program, pid);
      return bytes < MAX_GROWTH * fresh.bytes ? bytes : undefined;
    });
    // The allocator and V8 keep memory that was freed, not as much each time: the resident set is only reported.
    print(
      `with ${setting.name}: in use ${ratio(settled, fresh.bytes)}, resident ${ratio(residentBytes(pid), fresh.rss)}`,
    );
  }, 3_600_000);
});

function startWith({ workers, threads }: Setting): Promise<Program> {
  return Program.start({
    WORKERS: String(workers),
    THREAD_POOL_SIZE: String(threads),
    OVERLOAD_MAX_DELAY_MS: '0', // some demos block the event loop on purpose
    NODE_OPTIONS: `--expose-gc --require ${root}test/support/report-memory-on-signal.cjs`,
  });
}

/** The processes that serve requests. */
async function pidsOf(program: Program, { workers }: Setting): Promise<number[]> {
  if (workers === 0) return [program.pid];
  return (await program.readyWorkers(workers)).map(({ pid }) => pid);
}

/** A request runs in one of the settings, alone or next to another demo; in a full run in all of them and both ways. */
function shareOf(setting: Setting): Readonly<Record<'alone' | 'together', readonly ExtremeRequest[]>> {
  if (full) return { alone: requests, together: requests };
  const mine = requests.filter(
    ({ demo }, index) => index % settings.length === settings.indexOf(setting) || dependsOnPool(demo),
  );
  return {
    alone: mine.filter((_, index) => index % 2 === 0),
    together: mine.filter((_, index) => index % 2 === 1),
  };
}

/** Whether the size of the thread pool decides what a demo shows. */
function dependsOnPool(demo: string): boolean {
  return demo.startsWith('thread-pool/');
}

/** @returns what is wrong, with the command that shows it */
async function runAll(
  program: Program,
  queue: readonly ExtremeRequest[],
  { threads }: Setting,
  lanes: number,
): Promise<string[]> {
  const faults: string[] = [];
  const remaining = queue[Symbol.iterator]();
  const runRemaining = async () => {
    for (const request of remaining) {
      const name = `${request.command}${lanes > 1 ? ' (next to another demo)' : ''}`;
      try {
        const received = await send(program.url, request, TIMEOUT_MS);
        const found = faultsOf(request, received, { shared: lanes > 1, threads });
        faults.push(...found.map((fault) => `${name}: ${fault}`));
      } catch (error) {
        faults.push(`${name}: ${String(error)}`);
      }
    }
  };
  await Promise.all(Array.from({ length: lanes }, runRemaining));
  return faults;
}

/** The resident memory of a process; NaN if the system is not Linux. */
function residentBytes(pid: number): number {
  try {
    return 1024 * Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  } catch {
    return NaN;
  }
}

function ratio(after: number, before: number): string {
  const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`;
  return `${(after / before).toFixed(2)}× (${megabytes(before)}, then ${megabytes(after)})`;
}

/** Past Jest, which would add a stack trace. */
function print(line: string): void {
  process.stderr.write(`${line}\n`);
}
