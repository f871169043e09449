import { readFile } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { availableCpus } from '../../process/available-cpus.ts';
import type { Timeline } from '../kit/measure/timeline.ts';
import type { DemoResources } from '../kit/resources/resources.ts';

const MAX_LANES = 4;
const STEPS = 5;

const mainModules = [
  { from: 'main, CommonJS', program: new URL('./main-module-child.cts', import.meta.url) },
  { from: 'main, ES module', program: new URL('./main-module-child.mts', import.meta.url) },
] as const;

/** The order of the callbacks in one run. */
export interface Run {
  readonly from: string;
  readonly order: readonly string[];
  /** From the call of `setTimeout` to the start of the event loop; absent if the loop was already running. */
  readonly gapMs?: number;
}

/**
 * Schedules the callbacks from the main module of each process. Only a main module runs before the event loop: that of a
 * thread runs inside the loop of the thread, and its order is always that of an I/O callback.
 *
 * @throws if a process fails, or the signal's reason
 */
export async function runMainModules(
  processes: number,
  resources: DemoResources,
  signal: AbortSignal,
  timeline: Timeline,
): Promise<Run[]> {
  const lanes = Math.min(availableCpus(), MAX_LANES, processes);
  const runs: Run[] = [];
  let next = 0;
  const runLane = async (lane: number) => {
    for (let index = next++; index < processes; index = next++) {
      const { from, program } = mainModules[index % 2 === 0 ? 0 : 1];
      const run = await timeline.record(`process ${index + 1}`, `lane ${lane + 1}`, () =>
        runMainModule(program, resources, signal),
      );
      runs.push({ from, ...run });
    }
  };
  await resources.budgets.children.use(lanes, signal, () =>
    Promise.all(Array.from({ length: lanes }, (_, lane) => runLane(lane))),
  );
  return runs;
}

async function runMainModule(
  program: URL,
  resources: DemoResources,
  signal: AbortSignal,
): Promise<Omit<Run, 'from'>> {
  signal.throwIfAborted();
  const child = resources.children.startNode(program, { signal, timeoutMs: 10_000 });
  let output = '';
  child.process.stdout?.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  child.process.stderr?.resume();
  const { code } = await child.exited;
  signal.throwIfAborted();
  if (code !== 0) throw new Error(`${fileURLToPath(program)} exited with code ${code ?? 'none'}`);
  return JSON.parse(output) as Omit<Run, 'from'>;
}

/** Schedules the callbacks from one I/O callback after another, until the signal is aborted. */
export async function runInCallbacks(times: number, signal: AbortSignal): Promise<Run[]> {
  const runs: Run[] = [];
  while (runs.length < times && !signal.aborted) runs.push(await runInCallback());
  return runs;
}

function runInCallback(): Promise<Run> {
  return new Promise((resolve, reject) => {
    readFile(new URL(import.meta.url), (error) => {
      if (error !== null) {
        reject(error);
        return;
      }
      const order: string[] = [];
      const record = (step: string) => {
        order.push(step);
        if (order.length === STEPS) resolve({ from: 'I/O callback', order });
      };
      setTimeout(() => record('setTimeout'), 0);
      setImmediate(() => record('setImmediate'));
      void Promise.resolve().then(() => record('microtask'));
      process.nextTick(() => record('nextTick'));
      record('main');
    });
  });
}
