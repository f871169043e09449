/** A thread that increments a shared number as often as it can until all increments are made or its time is up. */
import { parentPort, workerData } from 'node:worker_threads';
import { monotonicMs } from '../kit/measure/monotonic.ts';

/** Where each value is in the shared memory. */
export const CELL = { total: 0, mutex: 1, waitingAtStart: 2 } as const;

export interface RaceOptions {
  readonly way: 'plain' | 'atomics' | 'lock';
  readonly shared: SharedArrayBuffer;
  readonly threads: number;
  readonly increments: number;
  readonly limitMs: number;
}

export interface RaceReport {
  readonly made: number;
  /** How often the thread slept because another one held the lock. */
  readonly waits: number;
  /** On the clock of the machine. */
  readonly startedAt: number;
  readonly endedAt: number;
}

/** The states of the mutex: it need not wake another thread if none waits. */
const [FREE, HELD, CONTENDED] = [0, 1, 2];
/** Increments between two looks at the clock. */
const BATCH = 1_000;

const { way, shared, threads, increments, limitMs } = workerData as RaceOptions;
const cells = new Int32Array(shared);
let waits = 0;

const increment: Readonly<Record<RaceOptions['way'], (times: number) => void>> = {
  plain(times) {
    // A read, an addition and a write: another thread may write between them.
    for (let i = 0; i < times; i += 1) cells[CELL.total] = (cells[CELL.total] ?? 0) + 1;
  },
  atomics(times) {
    for (let i = 0; i < times; i += 1) Atomics.add(cells, CELL.total, 1);
  },
  lock(times) {
    for (let i = 0; i < times; i += 1) {
      lock();
      cells[CELL.total] = (cells[CELL.total] ?? 0) + 1;
      unlock();
    }
  },
};

/** A mutex after "Futexes Are Tricky": https://www.akkadia.org/drepper/futex.pdf */
function lock(): void {
  if (Atomics.compareExchange(cells, CELL.mutex, FREE, HELD) === FREE) return;
  while (Atomics.exchange(cells, CELL.mutex, CONTENDED) !== FREE) {
    waits += 1;
    Atomics.wait(cells, CELL.mutex, CONTENDED);
  }
}

function unlock(): void {
  if (Atomics.exchange(cells, CELL.mutex, FREE) === CONTENDED) Atomics.notify(cells, CELL.mutex, 1);
}

/** All threads pass together, so that they run at the same time if there are cores for it. */
function passBarrier(): void {
  if (Atomics.add(cells, CELL.waitingAtStart, 1) === threads - 1) {
    Atomics.notify(cells, CELL.waitingAtStart);
    return;
  }
  for (let arrived = 0; arrived < threads; arrived = Atomics.load(cells, CELL.waitingAtStart)) {
    Atomics.wait(cells, CELL.waitingAtStart, arrived, 100);
  }
}

passBarrier();
const startedAt = monotonicMs();
let made = 0;
while (made < increments && monotonicMs() - startedAt < limitMs) {
  const times = Math.min(BATCH, increments - made);
  increment[way](times);
  made += times;
}
parentPort?.postMessage({ made, waits, startedAt, endedAt: monotonicMs() } satisfies RaceReport);
