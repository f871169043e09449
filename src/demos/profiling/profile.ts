import { Session, type Profiler } from 'node:inspector/promises';

export type Profile = Profiler.Profile;

/** Samples so close that a function of a few milliseconds is seen. */
const SAMPLE_EVERY_US = 500;

/** Profiles this process while some work runs, with the sampler of V8 itself. */
export async function profileCpu<T>(work: () => Promise<T>): Promise<{ profile: Profile; value: T }> {
  const session = new Session();
  session.connect();
  try {
    await session.post('Profiler.enable');
    await session.post('Profiler.setSamplingInterval', { interval: SAMPLE_EVERY_US });
    await session.post('Profiler.start');
    const value = await work();
    const { profile } = await session.post('Profiler.stop');
    return { profile, value };
  } finally {
    session.disconnect(); // it also ends a profile that is still running
  }
}

/** A profile in pieces: as one string a long one would hold the event loop and twice its memory. */
export function* toPieces({ nodes, samples = [], timeDeltas = [], ...times }: Profile): Generator<string> {
  yield '{"nodes":[';
  for (const [index, node] of nodes.entries()) yield (index === 0 ? '' : ',') + JSON.stringify(node);
  yield `],"startTime":${times.startTime},"endTime":${times.endTime}`;
  yield* arrayPieces('samples', samples);
  yield* arrayPieces('timeDeltas', timeDeltas);
  yield '}\n';
}

const FIGURES_A_PIECE = 1_000;

function* arrayPieces(name: string, figures: readonly number[]): Generator<string> {
  yield `,"${name}":[`;
  for (let from = 0; from < figures.length; from += FIGURES_A_PIECE) {
    yield (from === 0 ? '' : ',') + figures.slice(from, from + FIGURES_A_PIECE).join(',');
  }
  yield ']';
}

/** @returns how long each function itself ran, by name, in milliseconds: callees not counted */
export function selfTimes({ nodes, samples = [], timeDeltas = [] }: Profile): Map<string, number> {
  const names = new Map(nodes.map(({ id, callFrame }) => [id, callFrame.functionName || '(anonymous)']));
  const times = new Map<string, number>();
  for (const [index, id] of samples.entries()) {
    const name = names.get(id) ?? '(unknown)';
    // A delta is the time before its sample: what was running then ran until the next one.
    const ms = Math.max(0, timeDeltas[index + 1] ?? 0) / 1000;
    times.set(name, (times.get(name) ?? 0) + ms);
  }
  return times;
}
