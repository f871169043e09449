/**
 * Maps items in a few lanes: each starts its next item when the last one is done. To start a process blocks the event loop,
 * so many at once would block it for the sum.
 *
 * @returns the results in the order of the items
 */
export async function mapInLanes<T, R>(
  items: readonly T[],
  lanes: number,
  map: (item: T, lane: number) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const queue = items.entries();
  const runLane = async (_: unknown, lane: number) => {
    for (const [index, item] of queue) results[index] = await map(item, lane);
  };
  await Promise.all(Array.from({ length: lanes }, runLane));
  return results;
}
