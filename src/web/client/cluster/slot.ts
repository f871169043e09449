import type { WorkerView } from '../../../supervision/supervision.ts';
import { duration } from '../dom/format.ts';
import { SILENT_MS, WorkerHistory } from './worker-history.ts';

/** A worker that was gone for a moment is shown as gone for this long, or it would go unnoticed. */
const SHOW_GONE_MS = 1_800;

/** One place in the cluster, and the worker in it. A replacement takes the slot of the worker that it replaces. */
export class Slot {
  readonly index: number;
  readonly history = new WorkerHistory();
  worker: WorkerView | undefined;
  /** What is known of the worker; "unknown" while the primary reports nothing. */
  state = 'starting';
  #goneAt: number | undefined;

  constructor(index: number) {
    this.index = index;
  }

  /**
   * @param candidates the workers of this slot: during a reload there are two
   * @param at the server's clock, in milliseconds
   */
  update(candidates: readonly WorkerView[], at: number, now: number): void {
    const [best] = [...candidates].sort((one, other) => rank(other) - rank(one));
    if (this.worker !== undefined && !candidates.some(({ id }) => id === this.worker?.id)) {
      this.#goneAt ??= now;
    }
    const showGone = this.#goneAt !== undefined && now - this.#goneAt < SHOW_GONE_MS;
    if (showGone || best === undefined) {
      this.state = 'gone';
      this.history.add(undefined, at);
      return;
    }
    this.#goneAt = undefined;
    this.worker = best;
    this.state = stateOf(best);
    this.history.add(best, at);
  }

  /** The state in words: "silent for 4 s", "no database". */
  get description(): string {
    const { state, worker } = this;
    if (state === 'silent') return `silent for ${duration((worker?.silentMs ?? 0) / 1000)}`;
    if (state === 'unavailable') return `no ${worker?.report?.failing.join(', ') ?? ''}`;
    return state;
  }
}

/** The worker's own state, unless it is ready and sends no heartbeats or cannot reach what it depends on. */
export function stateOf({ state, silentMs, report }: WorkerView): string {
  if (state !== 'ready') return state;
  if (silentMs > SILENT_MS) return 'silent';
  return report?.failing.length ? 'unavailable' : state;
}

/** Of the workers in one slot, the ready one is shown; if none is ready, the newest. */
function rank({ id, state }: WorkerView): number {
  return id + (state === 'ready' ? 1e6 : 0);
}
