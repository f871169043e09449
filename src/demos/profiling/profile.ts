import { Session, type Profiler } from 'node:inspector/promises';

export type Profile = Profiler.Profile;

/** Short enough to see a function of a few milliseconds. */
const SAMPLING_INTERVAL_US = 500;

/** Profiles this process with V8's sampling profiler while `work` runs. */
export async function profileCpu<T>(work: () => Promise<T>): Promise<{ profile: Profile; value: T }> {
  const session = new Session();
  session.connect();
  try {
    await session.post('Profiler.enable');
    await session.post('Profiler.setSamplingInterval', { interval: SAMPLING_INTERVAL_US });
    await session.post('Profiler.start');
    const value = await work();
    const { profile } = await session.post('Profiler.stop');
    return { profile, value };
  } finally {
    session.disconnect(); // also stops a profile that is still running
  }
}

/** A profile as JSON in chunks: a single string would block the event loop and need twice the memory. */
export function* toChunks({ nodes, samples = [], timeDeltas = [], ...times }: Profile): Generator<string> {
  yield '{"nodes":[';
  for (const [index, node] of nodes.entries()) yield (index === 0 ? '' : ',') + JSON.stringify(node);
  yield `],"startTime":${times.startTime},"endTime":${times.endTime}`;
  yield* arrayChunks('samples', samples);
  yield* arrayChunks('timeDeltas', timeDeltas);
  yield '}\n';
}

const CHUNK_LENGTH = 1_000;

function* arrayChunks(name: string, values: readonly number[]): Generator<string> {
  yield `,"${name}":[`;
  for (let from = 0; from < values.length; from += CHUNK_LENGTH) {
    yield (from === 0 ? '' : ',') + values.slice(from, from + CHUNK_LENGTH).join(',');
  }
  yield ']';
}

/** @returns the self time of each function in milliseconds, without its callees */
export function selfTimes({ nodes, samples = [], timeDeltas = [] }: Profile): Map<string, number> {
  const names = new Map(nodes.map(({ id, callFrame }) => [id, callFrame.functionName || '(anonymous)']));
  const times = new Map<string, number>();
  for (const [index, id] of samples.entries()) {
    const name = names.get(id) ?? '(unknown)';
    // A delta is the time before its sample, so a function runs until the next sample.
    const ms = Math.max(0, timeDeltas[index + 1] ?? 0) / 1000;
    times.set(name, (times.get(name) ?? 0) + ms);
  }
  return times;
}
