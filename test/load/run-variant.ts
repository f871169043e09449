import { setTimeout as sleep } from 'node:timers/promises';
import { monotonicMs } from '../../src/demos/kit/measure/monotonic.ts';
import { LoadGenerator } from './driver/load-generator.ts';
import { PhaseAxis } from './phase-axis.ts';
import type { Conditions } from './run-scenario.ts';
import { Sampler, summarizeServer } from './sampler.ts';
import {
  MAIN,
  PROBE,
  type FixedLoad,
  type Load,
  type Mark,
  type Phase,
  type PhaseRun,
  type Variant,
  type VariantRun,
} from './scenario.ts';
import { summarize, toWindows, type Sample } from './statistics.ts';
import { startTarget, type Target } from './target.ts';

const PROBE_RATE = 25;
const WARM_UP_S = { full: 1, short: 0.5 } as const;
const PAUSE_MS = 500;
/** A p99 lag above this means that the load generator lacked CPU time. */
const MAX_LAG_MS = 25;

interface MeasuredPhase {
  readonly phase: Phase;
  readonly fromS: number;
  readonly toS: number;
  readonly samples: ReadonlyMap<string, Sample[]>;
}

/** Where the phases of a variant run, and what they collect. */
interface Session {
  readonly target: Target;
  readonly generators: ReadonlyMap<string, LoadGenerator>;
  /** Monotonic milliseconds at the start of the variant. */
  readonly zero: number;
  /** Seconds since the start of the variant. */
  readonly now: () => number;
  readonly marks: Mark[];
  readonly notes: string[];
}

/**
 * Starts what a variant needs, generates the load of every phase, and measures clients and server.
 *
 * @param capacity the latest that a phase measured, in any variant of the scenario
 */
export async function runVariant(
  variant: Variant,
  capacity: { perSecond: number },
  { short, running, progress, resources }: Conditions,
): Promise<VariantRun> {
  await using stack = new AsyncDisposableStack();
  const own = <T extends AsyncDisposable>(resource: T): T => {
    resources.add(resource);
    stack.defer(async () => {
      resources.delete(resource);
      await resource[Symbol.asyncDispose]();
    });
    return resource;
  };
  progress.beginPhase(variant.name, 'starting', 0);
  const target = running ?? (await startTarget(variant, own));
  const streams = new Set([PROBE, ...variant.phases.flatMap(({ loads }) => Object.keys(loads))]);
  const generators = new Map<string, LoadGenerator>();
  for (const stream of streams) generators.set(stream, own(await LoadGenerator.start()));
  await warmUp(variant, target, generators, WARM_UP_S[short ? 'short' : 'full']);

  const zero = monotonicMs();
  const now = () => (monotonicMs() - zero) / 1000;
  const session: Session = { target, generators, zero, now, marks: [], notes: [] };
  const sampler = target.managementUrl === undefined ? undefined : new Sampler(target.managementUrl, now);
  sampler?.start();
  stack.defer(() => sampler?.stop());
  const measured: MeasuredPhase[] = [];
  let ownCapacity = 0;
  for (const phase of variant.phases) {
    progress.beginPhase(variant.name, phase.name, phase.seconds);
    const probe: Load = { model: 'open', rate: variant.probeRate ?? PROBE_RATE, request: { path: '/livez' } };
    const loads = Object.entries({ [PROBE]: probe, ...phase.loads });
    const fromS = now();
    const [samples] = await Promise.all([
      runLoads(loads, phase, capacity.perSecond, session, progress.onTick),
      repeatDuring(phase, session),
      stallLogReader(phase, target),
    ]);
    if (phase.measures === 'capacity') {
      // The highest so far: a hiccup of the machine must not lower it.
      ownCapacity = Math.max(ownCapacity, summarize(samples.get(MAIN) ?? [], phase.seconds).goodput);
      capacity.perSecond = ownCapacity;
    }
    measured.push({ phase, fromS, toS: fromS + phase.seconds, samples });
  }
  await sleep(2 * PAUSE_MS); // the vitals of the last half second arrive late
  if (sampler === undefined) session.notes.push('no figures of the server without --management-url');
  const settings = running === undefined ? (variant.settings ?? {}) : {};
  return { name: variant.name, settings, ...summarizeRun(measured, sampler?.samples ?? [], session) };
}

/** The first requests of a process are slow, and no scenario is about that. */
async function warmUp(
  { phases, warmUp: chosen }: Variant,
  { url }: Target,
  generators: ReadonlyMap<string, LoadGenerator>,
  seconds: number,
): Promise<void> {
  const request = chosen ?? phases[0]?.loads[MAIN]?.request;
  if (request === undefined) return;
  const load = { model: 'closed', connections: 2, request } as const;
  await generators.get(MAIN)?.run({ url: url + request.path, load, seconds }, 0);
}

async function runLoads(
  loads: readonly [stream: string, load: Load][],
  { seconds }: Phase,
  capacity: number,
  { target, generators, zero }: Session,
  onTick: Parameters<LoadGenerator['run']>[2],
): Promise<Map<string, Sample[]>> {
  const results = loads.map(async ([stream, load]) => {
    const spec = { url: target.url + load.request.path, load: fixRate(load, capacity), seconds };
    const samples = await generators.get(stream)?.run(spec, zero, stream === MAIN ? onTick : undefined);
    return [stream, samples ?? []] as const;
  });
  return new Map(await Promise.all(results));
}

function fixRate(load: Load, capacity: number): FixedLoad {
  if (load.model !== 'open') return load;
  const rate = typeof load.rate === 'number' ? load.rate : load.rate.times * capacity;
  if (rate <= 0) throw new Error('the measured capacity is 0: no response arrived within the client timeout');
  return { ...load, rate };
}

/** Reloads or restarts the service as often as it fits into the phase, except at its very end. */
async function repeatDuring(
  { repeats, seconds }: Phase,
  { target, now, marks, notes }: Session,
): Promise<void> {
  if (repeats === undefined) return;
  const endsS = now() + seconds;
  await sleep(PAUSE_MS);
  let count = 0;
  do {
    count += 1;
    marks.push({ atS: now(), what: `${repeats} ${count}` });
    if (repeats === 'reload') await reload(target);
    else await target.control?.restart();
    await sleep(PAUSE_MS);
  } while (now() < endsS - 1.5);
  notes.push(`${count} ${repeats}${count === 1 ? '' : 's'} during the load`);
}

/** Stalls for the planned length of the phase, even if delayed requests make it longer. */
async function stallLogReader({ logReader, seconds }: Phase, { control }: Target): Promise<void> {
  if (logReader === undefined) return;
  control?.setLogReader(logReader);
  await sleep(seconds * 1000);
  control?.setLogReader('reading');
}

async function reload({ managementUrl = '' }: Target): Promise<void> {
  const response = await fetch(`${managementUrl}/reload`, {
    method: 'POST',
    signal: AbortSignal.timeout(60_000),
  });
  if (!response.ok) throw new Error(`the reload failed: ${(await response.text()).slice(0, 300)}`);
}

function summarizeRun(
  measured: readonly MeasuredPhase[],
  server: Sampler['samples'],
  { marks, notes }: Session,
): Omit<VariantRun, 'name' | 'settings'> {
  const axis = new PhaseAxis(measured);
  const phases = measured.map(({ phase, fromS, toS, samples }, index): PhaseRun => {
    const startS = axis.startOf(index);
    return {
      name: phase.name,
      ...(phase.x === undefined ? {} : { x: phase.x }),
      fromS: startS,
      toS: startS + phase.seconds,
      streams: Object.fromEntries(
        [...samples].map(([stream, list]) => [stream, summarize(list, phase.seconds)]),
      ),
      server: summarizeServer(server, fromS, toS),
    };
  });
  const streams = new Set(measured.flatMap(({ samples }) => [...samples.keys()]));
  const windowsOf = (stream: string) => {
    const list = measured.flatMap(({ samples }) => samples.get(stream) ?? []);
    return toWindows(list.flatMap(axis.place), axis.endS);
  };
  return {
    phases,
    windows: Object.fromEntries([...streams].map((stream) => [stream, windowsOf(stream)])),
    server: server.flatMap(axis.place),
    marks: marks.flatMap(axis.place),
    notes: [...notes, ...describeLag(phases)],
  };
}

/** A warning that the machine was too busy to send requests on time. */
function describeLag(phases: readonly PhaseRun[]): string[] {
  const late = phases.flatMap(({ name, streams }) =>
    Object.values(streams).flatMap(({ lagP99 }) => (lagP99 > MAX_LAG_MS ? [{ name, lagP99 }] : [])),
  );
  if (late.length === 0) return [];
  const worst = Math.round(Math.max(...late.map(({ lagP99 }) => lagP99)));
  const names = [...new Set(late.map(({ name }) => name))];
  const where = names.length > 3 ? `${names.length} of ${phases.length} phases` : names.join(', ');
  return [`the machine was busy, and requests were sent up to ${worst} ms late (${where})`];
}
