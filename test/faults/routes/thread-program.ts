/** A thread that takes memory until it has none left: in many small pieces, or in one array that grows. */
import { workerData } from 'node:worker_threads';

interface Piece {
  readonly before: Piece | undefined;
  readonly numbers: readonly number[];
}

if (workerData === 'array') {
  const taken: unknown[] = [];
  for (;;) taken.push({ more: new Array(100).fill(0) });
} else {
  let last: Piece | undefined;
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- it ends when there is no memory left
  while (true) last = { before: last, numbers: [1, 2, 3, last === undefined ? 0 : 1] };
}
