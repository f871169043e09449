import { cpus } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

const WATCHED_MS = 1_000;

/** How busy the cores are, 0 to 1, as long as nothing of a run is there yet. */
export async function measureBusyness(): Promise<number> {
  const before = times();
  await sleep(WATCHED_MS);
  const after = times();
  const all = after.all - before.all;
  return all === 0 ? 0 : 1 - (after.idle - before.idle) / all;
}

function times(): { readonly idle: number; readonly all: number } {
  return cpus().reduce(
    ({ idle, all }, { times: { user, nice, sys, irq, idle: ofCore } }) => ({
      idle: idle + ofCore,
      all: all + user + nice + sys + irq + ofCore,
    }),
    { idle: 0, all: 0 },
  );
}
