/** A thread that allocates until its heap limit: small objects, or one array that grows. */
import { workerData } from 'node:worker_threads';

interface Piece {
  readonly before: Piece | undefined;
  readonly numbers: readonly number[];
}

if (workerData === 'array') {
  const kept: unknown[] = [];
  for (;;) kept.push({ more: new Array(100).fill(0) });
} else {
  let last: Piece | undefined;
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- the heap limit ends it
  while (true) last = { before: last, numbers: [1, 2, 3, last === undefined ? 0 : 1] };
}
