/** A CPU profile as V8 writes it: https://chromedevtools.github.io/devtools-protocol/tot/Profiler/#type-Profile */
export interface Profile {
  readonly nodes: readonly ProfileNode[];
  readonly samples: readonly number[];
  /** Microseconds before each sample. */
  readonly timeDeltas: readonly number[];
}

interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  readonly children?: readonly number[];
}

/** A function as it was called from one place, and what it called. */
export interface Frame {
  readonly name: string;
  readonly source: string;
  /** In the function itself, in milliseconds. */
  selfMs: number;
  /** With what it called. */
  totalMs: number;
  readonly children: Frame[];
}

/** Time in which no function of the program ran. */
const IDLE = /^\((?:root|idle|program)\)$/;

export function isProfile(json: unknown): json is Profile {
  const { nodes, samples, timeDeltas } = (json ?? {}) as Partial<Profile>;
  return Array.isArray(nodes) && Array.isArray(samples) && Array.isArray(timeDeltas);
}

/** The call tree of a profile. @returns the root, without idle time */
export function toFrames({ nodes, samples, timeDeltas }: Profile): Frame {
  const frames = new Map(nodes.map((node) => [node.id, toFrame(node)]));
  samples.forEach((id, index) => {
    const frame = frames.get(id);
    if (frame !== undefined) frame.selfMs += Math.max(0, timeDeltas[index] ?? 0) / 1000;
  });
  for (const { id, children = [] } of nodes) {
    frames.get(id)?.children.push(...children.flatMap((child) => frames.get(child) ?? []));
  }
  const root: Frame = { name: 'all', source: '', selfMs: 0, totalMs: 0, children: [] };
  const [top] = nodes;
  root.children.push(...(frames.get(top?.id ?? 0)?.children ?? []).filter(({ name }) => !IDLE.test(name)));
  addUp(root);
  return root;
}

function toFrame({ callFrame: { functionName, url, lineNumber } }: ProfileNode): Frame {
  const file = url.split('/').at(-1) ?? '';
  const source = file === '' ? '' : `${file}:${lineNumber + 1}`;
  return { name: functionName || '(anonymous)', source, selfMs: 0, totalMs: 0, children: [] };
}

function addUp(frame: Frame): number {
  frame.totalMs = frame.selfMs + frame.children.reduce((sum, child) => sum + addUp(child), 0);
  frame.children.sort((one, other) => other.totalMs - one.totalMs);
  return frame.totalMs;
}

/** The functions by the time in themselves, the most first. */
export function listBySelf(root: Frame): Pick<Frame, 'name' | 'source' | 'selfMs'>[] {
  const byName = new Map<string, { name: string; source: string; selfMs: number }>();
  const visit = ({ name, source, selfMs, children }: Frame): void => {
    const known = byName.get(`${name} ${source}`) ?? { name, source, selfMs: 0 };
    known.selfMs += selfMs;
    byName.set(`${name} ${source}`, known);
    children.forEach(visit);
  };
  root.children.forEach(visit);
  return [...byName.values()].filter(({ selfMs }) => selfMs > 0).sort((a, b) => b.selfMs - a.selfMs);
}
