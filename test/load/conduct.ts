/** Runs a scenario: starts what it needs, makes the loads of every phase, and measures both sides. */
import { setTimeout as sleep } from 'node:timers/promises';
import { monotonicMs } from './driver/order.ts';
import { ShooterHandle } from './driver/shooter-handle.ts';
import type { Watch } from './progress.ts';
import { AS_IT_RUNS } from './report/report.ts';
import { Sampler, summarizeServer } from './sampler.ts';
import {
  MAIN,
  PROBE,
  type FixedLoad,
  type Load,
  type Mark,
  type Phase,
  type PhaseRun,
  type Scenario,
  type Variant,
  type VariantRun,
} from './scenario.ts';
import { PhaseAxis } from './phase-axis.ts';
import { summarize, toWindows, type Sample } from './statistics.ts';
import { startTarget, type Target } from './target.ts';

const PROBE_RATE = 25;
const WARM_UP_S = { full: 1, short: 0.5 } as const;
const REST_BETWEEN_MS = 500;
/** A load that is later than this for one request in a hundred lacked a core. */
const TELLING_LAG_MS = 25;

export interface Conditions {
  readonly short: boolean;
  /** A service that runs already, instead of the program with the settings of each variant. */
  readonly running?: Target;
  readonly watch: Watch;
  /** What has to be ended when the run is broken off. */
  readonly open: Set<AsyncDisposable>;
}

/** Runs all variants of a scenario, one after the other. */
export async function conduct(scenario: Scenario, conditions: Conditions): Promise<VariantRun[]> {
  const { short, running, watch } = conditions;
  const all = scenario.variants(short);
  // A service that runs already has the settings it has: variants that differ by nothing else are one.
  const chosen = running === undefined ? all : scenario.bySettings === true ? all.slice(0, 1) : all;
  const capacity = { perSecond: 0 };
  watch.begin(scenario.name, secondsOf(chosen));
  const runs: VariantRun[] = [];
  for (const variant of chosen) {
    const missing = running === undefined ? undefined : whatLacks(running, variant);
    if (missing !== undefined) {
      watch.say(`${scenario.name} ${variant.name}: left out: ${missing}`);
      continue;
    }
    const name = running !== undefined && scenario.bySettings === true ? AS_IT_RUNS : variant.name;
    runs.push(await runVariant({ ...variant, name }, capacity, conditions));
  }
  return runs;
}

/** What the phases of a scenario take, without starting and stopping. */
export function secondsOf(variants: readonly Variant[]): number {
  return variants.flatMap(({ phases }) => phases).reduce((sum, { seconds }) => sum + seconds, 0);
}

function whatLacks(running: Target, { phases, preload }: Variant): string | undefined {
  if (phases.some(({ meanwhile }) => meanwhile === 'restart')) return 'a service of others is not restarted';
  if (phases.some(({ meanwhile }) => meanwhile === 'reload') && running.managementUrl === undefined)
    return 'a reload needs --management-url';
  if (phases.some(({ logReader }) => logReader === 'stalled'))
    return 'the reader of its log is somebody else';
  if (preload !== undefined) return 'it needs a program of its own';
  return undefined;
}

async function runVariant(
  variant: Variant,
  capacity: { perSecond: number },
  { short, running, watch, open }: Conditions,
): Promise<VariantRun> {
  await using stack = new AsyncDisposableStack();
  const keep = <T extends AsyncDisposable>(thing: T): T => {
    open.add(thing);
    stack.defer(async () => {
      open.delete(thing);
      await thing[Symbol.asyncDispose]();
    });
    return thing;
  };
  watch.phase(variant.name, 'starting', 0);
  const target = running ?? keep(await startTarget(variant));
  const shooters = new Map<string, ShooterHandle>();
  const streams = new Set([PROBE, ...variant.phases.flatMap(({ loads }) => Object.keys(loads))]);
  for (const stream of streams) shooters.set(stream, keep(new ShooterHandle()));
  await Promise.all([...shooters.values()].map(({ ready }) => ready));
  await warmUp(variant, target, shooters, WARM_UP_S[short ? 'short' : 'full']);

  const zero = monotonicMs();
  const now = () => (monotonicMs() - zero) / 1000;
  const sampler = target.managementUrl === undefined ? undefined : new Sampler(target.managementUrl, now);
  stack.defer(() => sampler?.stop());
  const samples = new Map<string, Sample[]>();
  const marks: Mark[] = [];
  const notes: string[] = [];
  const measured: { phase: Phase; fromS: number; toS: number; samples: Map<string, Sample[]> }[] = [];

  for (const phase of variant.phases) {
    const fromS = now();
    watch.phase(variant.name, phase.name, phase.seconds);
    const probe: Load = {
      model: 'open',
      rate: variant.probeRate ?? PROBE_RATE,
      shot: { path: '/livez' },
    };
    const loads = { [PROBE]: probe, ...phase.loads };
    const ofPhase = new Map<string, Sample[]>();
    const shooting = Object.entries(loads).map(async ([stream, load]) => {
      const order = {
        url: target.url + load.shot.path,
        load: fixRate(load, capacity.perSecond),
        seconds: phase.seconds,
      };
      const tick = stream === MAIN ? watch.tick : undefined;
      const shot = await shooters.get(stream)?.shoot(order, zero, tick);
      ofPhase.set(stream, shot ?? []);
    });
    await Promise.all([
      ...shooting,
      meanwhile(phase, target, now, marks, notes),
      stallLogReader(phase, target),
    ]);
    for (const [stream, more] of ofPhase) samples.set(stream, [...(samples.get(stream) ?? []), ...more]);
    const main = summarize(ofPhase.get(MAIN) ?? [], phase.seconds);
    if (phase.measures === 'capacity') {
      // The best of what this variant has shown so far: a hiccup of the machine is not its capacity.
      const before = measured.some((earlier) => earlier.phase.measures === 'capacity')
        ? capacity.perSecond
        : 0;
      capacity.perSecond = Math.max(before, main.goodput);
    }
    measured.push({ phase, fromS, toS: fromS + phase.seconds, samples: ofPhase });
  }
  await sleep(2 * REST_BETWEEN_MS); // the last vitals are still to come
  const server = sampler?.samples ?? [];
  if (sampler === undefined)
    notes.push('no figures of the server: --management-url says where they can be asked for');
  const axis = new PhaseAxis(measured);
  const phases = measured.map(({ phase, fromS, toS, samples: ofPhase }, index): PhaseRun => {
    const from = axis.startOf(index);
    return {
      name: phase.name,
      ...(phase.x === undefined ? {} : { x: phase.x }),
      fromS: from,
      toS: from + phase.seconds,
      streams: Object.fromEntries(
        [...ofPhase].map(([stream, list]) => [stream, summarize(list, phase.seconds)]),
      ),
      server: summarizeServer(server, fromS, toS),
    };
  });
  return {
    name: variant.name,
    settings: running === undefined ? (variant.settings ?? {}) : {},
    phases,
    windows: Object.fromEntries(
      [...samples].map(([stream, list]) => [stream, toWindows(list.flatMap(axis.place), axis.endS)]),
    ),
    server: server.flatMap(axis.place),
    marks: marks.flatMap(axis.place),
    notes: [...notes, ...sayLag(phases)],
  };
}

/** The first requests of a program are slow, and are not what a scenario is about. */
async function warmUp(
  { phases, warmUp: chosen }: Variant,
  { url }: Target,
  shooters: ReadonlyMap<string, ShooterHandle>,
  seconds: number,
): Promise<void> {
  const main = phases[0]?.loads[MAIN];
  const shooter = shooters.get(MAIN);
  if (main === undefined || shooter === undefined) return;
  const shot = chosen ?? main.shot;
  const load = { model: 'closed', connections: 2, shot } as const;
  await shooter.shoot({ url: url + shot.path, load, seconds }, 0);
}

function fixRate(load: Load, capacity: number): FixedLoad {
  if (load.model !== 'open') return load;
  const rate = typeof load.rate === 'number' ? load.rate : load.rate.times * capacity;
  if (rate <= 0) throw new Error('no capacity was measured: no request was answered in time');
  return { ...load, rate };
}

/** Reloads or restarts as often as fits into the phase, and not at its very end. */
async function meanwhile(
  { meanwhile: what, seconds }: Phase,
  target: Target,
  now: () => number,
  marks: Mark[],
  notes: string[],
): Promise<void> {
  if (what === undefined) return;
  const untilS = now() + seconds;
  await sleep(REST_BETWEEN_MS);
  let count = 0;
  do {
    count += 1;
    marks.push({ atS: now(), what: `${what} ${count}` });
    if (what === 'reload') await reload(target);
    else await target.owned?.restart();
    await sleep(REST_BETWEEN_MS);
  } while (now() < untilS - 1.5);
  notes.push(`${count} ${what}${count === 1 ? '' : 's'} during the load`);
}

/** For as long as the phase was meant to be, whatever requests it holds up beyond that. */
async function stallLogReader({ logReader, seconds }: Phase, { owned }: Target): Promise<void> {
  if (logReader === undefined) return;
  owned?.setLogReader(logReader);
  await sleep(seconds * 1000);
  owned?.setLogReader('reads');
}

async function reload({ managementUrl = '' }: Target): Promise<void> {
  const response = await fetch(`${managementUrl}/reload`, {
    method: 'POST',
    signal: AbortSignal.timeout(60_000),
  });
  if (!response.ok) throw new Error(`the reload failed: ${(await response.text()).slice(0, 300)}`);
}

/** On a machine so busy that the load comes late, figures say less: that is told. */
function sayLag(phases: readonly PhaseRun[]): string[] {
  const lags = phases.flatMap(({ name, streams }) =>
    Object.values(streams).map(({ lagP99 }) => ({ name, lagP99 })),
  );
  const late = lags.filter(({ lagP99 }) => lagP99 > TELLING_LAG_MS);
  if (late.length === 0) return [];
  const worst = Math.round(Math.max(...late.map(({ lagP99 }) => lagP99)));
  const names = [...new Set(late.map(({ name }) => name))];
  const where = names.length > 3 ? `${names.length} of ${phases.length} phases` : names.join(', ');
  return [`the machine was busy: the load itself came up to ${worst} ms late (${where})`];
}
